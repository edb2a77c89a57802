import APIMachinery
import KubernetesAPI
import Testing

@testable import Experiments

/// One way in which a pod can fail to run or can die, and what is to be said of it.
struct Ailment: Sendable, CustomTestStringConvertible {
    var name: String
    var code: String
    /// In the cause's text.
    var what: String = ""
    /// In what would mend it.
    var mend: String = ""
    var verdict = Explanation.Verdict.held
    /// Who ended the container.
    var killer: ExitAccount.Killer?
    var facts: @Sendable () throws -> FactsBuilder
    var testDescription: String { name }
}

private func status(_ status: String, spec: String = "{}", metadata: String = "{}") -> @Sendable () throws -> FactsBuilder {
    { try FactsBuilder(spec: spec, status: status, metadata: metadata) }
}

private func noNode(_ message: String) -> @Sendable () throws -> FactsBuilder {
    { try FactsBuilder(spec: unbound, status: unscheduled(message)).event("FailedScheduling", message) }
}

private let scheduling: [Ailment] = [
    Ailment(
        name: "no node", code: "NoNodes", what: "no nodes available", mend: "swiftlet up",
        facts: noNode("no nodes available to schedule pods")),
    Ailment(
        name: "not enough CPU", code: "InsufficientCPU", mend: "requests.cpu",
        facts: noNode(
            "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."
        )),
    Ailment(
        name: "not enough memory", code: "InsufficientMemory", mend: "requests.memory",
        facts: noNode("0/1 nodes are available: 1 Insufficient memory.")),
    Ailment(
        name: "a device that nobody has", code: "InsufficientResource", mend: "allocatable",
        facts: noNode("0/1 nodes are available: 1 Insufficient example.com/gpu.")),
    Ailment(name: "node full of pods", code: "TooManyPods", facts: noNode("0/1 nodes are available: 1 Too many pods.")),
    Ailment(
        name: "a taint", code: "UntoleratedTaint", mend: "toleration",
        facts: noNode("0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}.")),
    Ailment(
        name: "a node selector", code: "NodeAffinity", mend: "nodeSelector",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")),
    Ailment(
        name: "a cordoned node", code: "Cordoned", mend: "uncordon", facts: noNode("0/1 nodes are available: 1 node(s) were unschedulable.")
    ),
    Ailment(
        name: "a host port that is taken", code: "HostPortTaken",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.")),
    Ailment(
        name: "a claim that is not bound", code: "ClaimUnbound", mend: "StorageClass",
        facts: {
            try noNode("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")().claim("data", phase: "Pending")
        }),
    Ailment(
        name: "a claim that is not there", code: "ClaimMissing",
        facts: { try noNode("0/1 nodes are available: persistentvolumeclaim \"data\" not found.")().claim("data", phase: nil) }),
    Ailment(
        name: "a volume of another node", code: "VolumeNodeAffinity",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity.")),
    Ailment(
        name: "pods of its sort everywhere", code: "PodAntiAffinity",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.")),
    Ailment(
        name: "the pods it wants to be near are nowhere", code: "PodAffinity",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't match pod affinity rules.")),
    Ailment(
        name: "topology spread", code: "TopologySpread",
        facts: noNode("0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.")),
    Ailment(
        name: "victims are ending", code: "WaitsForPreemption",
        facts: {
            var builder = try noNode("0/1 nodes are available: 1 Insufficient cpu.")()
            builder.facts.pod?.status.nominatedNodeName = "node1"
            return builder
        }),
    Ailment(
        name: "a scheduling gate", code: "SchedulingGated", what: "example.com/wait",
        facts: status("{}", spec: #"{"nodeName": null, "schedulingGates": [{"name": "example.com/wait"}]}"#)),
    Ailment(
        name: "an unknown scheduler", code: "NoScheduler", what: "mine", mend: "schedulerName",
        facts: status(#"{"conditions": [], "startTime": null}"#, spec: #"{"nodeName": null, "schedulerName": "mine"}"#)),
    Ailment(
        name: "no scheduler at all", code: "NotScheduledYet", mend: "scheduler",
        facts: status(#"{"conditions": [], "startTime": null}"#, spec: unbound)),
]

private let nodes: [Ailment] = [
    Ailment(name: "the node is gone", code: "NodeGone", facts: { try FactsBuilder(status: running()).node(nil) }),
    Ailment(
        name: "the node is silent", code: "NodeUnreachable", what: "does not report",
        facts: { try FactsBuilder(status: running()).node(deadNode) }),
    Ailment(
        name: "the node is sick", code: "NodeNotReady", what: "runtime is down",
        facts: { try FactsBuilder(status: running()).node(sickNode) }),
    Ailment(name: "nobody takes it", code: "NotTakenByNode", mend: "--node-name", facts: status(#"{"startTime": null}"#)),
    Ailment(
        name: "refused: no CPU left", code: "OutOfcpu", what: "cpu", verdict: .failed,
        facts: status(#"{"phase": "Failed", "reason": "OutOfcpu", "message": "Pod was rejected: Node didn't have enough resource: cpu"}"#)),
    Ailment(
        name: "refused: affinity", code: "NodeAffinity", verdict: .failed,
        facts: status(#"{"phase": "Failed", "reason": "NodeAffinity", "message": "Pod was rejected"}"#)),
    Ailment(
        name: "refused: sysctl", code: "SysctlForbidden", mend: "allow", verdict: .failed,
        facts: status(#"{"phase": "Failed", "reason": "SysctlForbidden", "message": "forbidden sysctl"}"#)),
    Ailment(
        name: "evicted by its node", code: "Evicted", what: "short of", verdict: .failed,
        facts: status(#"{"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}"#)),
    Ailment(
        name: "too long", code: "DeadlineExceeded", mend: "activeDeadlineSeconds", verdict: .failed,
        facts: status(
            #"{"phase": "Failed", "reason": "DeadlineExceeded", "message": "Pod was active on the node longer than the specified deadline"}"#
        )),
    Ailment(
        name: "drained", code: "EvictionByEvictionAPI", mend: "PodDisruptionBudget", verdict: .failed,
        facts: status(
            #"{"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicted"}]}"#
        )),
    Ailment(
        name: "preempted", code: "PreemptionByScheduler", mend: "priority", verdict: .failed,
        facts: status(
            #"{"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "preempted"}]}"#
        )),
]

private let surroundings: [Ailment] = [
    Ailment(
        name: "a volume's ConfigMap is missing", code: "MissingConfigMap", mend: "optional",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .event("FailedMount", "MountVolume.SetUp failed for volume \"c\" : configmap \"settings\" not found")
        }),
    Ailment(
        name: "a volume's Secret is missing", code: "MissingSecret", what: "secret",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .step(.volumes, ago: 300, took: 299, failure: "MountVolume.SetUp failed for volume \"s\" : secret \"key\" not found")
        }),
    Ailment(
        name: "a claim that a node waits for", code: "ClaimNotReady", mend: "pvc",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating")).claim("data", phase: "Pending")
                .event("FailedMount", "Unable to attach or mount volumes: persistentvolumeclaim \"data\" is not bound")
        }),
    Ailment(
        name: "a host path of another type", code: "HostPathType", mend: "hostPath.type",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .event("FailedMount", "MountVolume.SetUp failed for volume \"h\" : hostPath type check failed: /data is not a directory")
        }),
    Ailment(
        name: "no address left", code: "NoAddress", mend: "--pod-cidr",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .event("FailedCreatePodSandBox", "Failed to create pod sandbox: no free address in 10.244.0.0/24")
        }),
    Ailment(
        name: "a port of the host", code: "HostPortTaken",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .step(.sandbox, ago: 5, took: 1, failure: "run pod sandbox: hostPort 80/TCP: Address already in use")
        }),
    Ailment(
        name: "a sysctl that the kernel refuses", code: "SysctlRefused",
        facts: {
            try FactsBuilder(status: waiting("ContainerCreating"))
                .event("FailedCreatePodSandBox", "Failed to create pod sandbox: write sysctl net.x: Invalid argument")
        }),
]

private let images: [Ailment] = [
    Ailment(
        name: "no such image", code: "ImagePullBackOff", what: "no such image", mend: "name and tag",
        facts: {
            try FactsBuilder(
                status: waiting("ImagePullBackOff", "Back-off pulling image \"registry.test/web:1\": ErrImagePull: manifest unknown")
            )
            .event("Failed", "Failed to pull image \"registry.test/web:1\": manifest unknown", container: "app")
        }),
    Ailment(
        name: "no credentials", code: "ErrImagePull", what: "credentials", mend: "imagePullSecret",
        facts: status(waiting("ErrImagePull", "pull registry.test/web:1: 401 Unauthorized"))),
    Ailment(
        name: "no such registry", code: "ErrImagePull", what: "name cannot be resolved", mend: "DNS",
        facts: status(waiting("ErrImagePull", "dial tcp: lookup registry.test: no such host"))),
    Ailment(
        name: "nobody listens", code: "ErrImagePull", what: "nobody listens",
        facts: status(waiting("ErrImagePull", "connect to registry.test: Connection refused"))),
    Ailment(
        name: "an unknown authority", code: "ErrImagePull", what: "certificate",
        facts: status(waiting("ErrImagePull", "x509: unknown authority"))),
    Ailment(
        name: "asked too often", code: "ErrImagePull", mend: "imagePullSecrets",
        facts: status(waiting("ErrImagePull", "429 toomanyrequests"))),
    Ailment(
        name: "another architecture", code: "ErrImagePull", what: "architecture",
        facts: status(waiting("ErrImagePull", "no match for platform linux/amd64 in the index"))),
    Ailment(
        name: "never pulled", code: "ErrImageNeverPull", mend: "swiftlet image import",
        facts: status(waiting("ErrImageNeverPull", "absent"))),
    Ailment(
        name: "a name that is none", code: "InvalidImageName", mend: "small letters",
        facts: status(waiting("InvalidImageName", "bad reference"))),
]

private let configurations: [Ailment] = [
    Ailment(
        name: "ConfigMap of a variable", code: "MissingConfigMap", mend: "optional",
        facts: status(waiting("CreateContainerConfigError", "configmap \"settings\" not found"))),
    Ailment(
        name: "Secret of a variable", code: "MissingSecret",
        facts: status(waiting("CreateContainerConfigError", "secret \"key\" not found"))),
    Ailment(
        name: "a key that is not there", code: "MissingKey",
        facts: status(waiting("CreateContainerConfigError", "couldn't find key port in ConfigMap default/settings"))),
    Ailment(
        name: "would run as root", code: "RunsAsRoot", mend: "runAsUser",
        facts: status(waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"))),
    Ailment(
        name: "a subPath that leaves", code: "BadSubPath",
        facts: status(waiting("CreateContainerConfigError", "unable to provision SubPath `../x`: must not contain '..'"))),
    Ailment(
        name: "an unknown user", code: "UnknownUser", mend: "passwd",
        facts: status(waiting("CreateContainerError", "create container app: unable to find user nobody2"))),
    Ailment(
        name: "no such program", code: "RunContainerError", what: "not in the image: /bin/serve", mend: "command",
        facts: status(waiting("RunContainerError", "start container app: execve /bin/serve: No such file or directory"))),
    Ailment(
        name: "a program of another machine", code: "RunContainerError", what: "no program for this machine",
        facts: status(waiting("RunContainerError", "execve /bin/serve: Exec format error"))),
    Ailment(
        name: "a hook after the start", code: "PostStartHookError", what: "exited with 3",
        facts: {
            try FactsBuilder(status: waiting("PostStartHookError", "command 'warm-up' exited with 3"))
                .event("FailedPostStartHook", "PostStartHook failed", container: "app")
        }),
]

private let ends: [Ailment] = [
    Ailment(
        name: "out of memory", code: "CrashLoopBackOff", what: "want of memory", mend: "limits.memory", killer: .outOfMemory,
        facts: status(crashLoop(137, "OOMKilled"))),
    Ailment(
        name: "its own code", code: "CrashLoopBackOff", what: "exit code 3", mend: "kubectl logs", killer: .itself,
        facts: status(crashLoop(3))),
    Ailment(name: "done at once", code: "CrashLoopBackOff", what: "exit code 0", mend: "Job", facts: status(crashLoop(0, "Completed"))),
    Ailment(name: "not executable", code: "CrashLoopBackOff", what: "may not execute", mend: "chmod", facts: status(crashLoop(126))),
    Ailment(name: "no such command", code: "CrashLoopBackOff", what: "did not find a command", mend: "PATH", facts: status(crashLoop(127))),
    Ailment(name: "a bad address", code: "CrashLoopBackOff", what: "SIGSEGV", killer: .crash, facts: status(crashLoop(139))),
    Ailment(
        name: "it gave up", code: "CrashLoopBackOff", what: "SIGABRT", mend: "assertion", killer: .crash, facts: status(crashLoop(134))),
    Ailment(
        name: "a forbidden call", code: "CrashLoopBackOff", what: "seccomp", mend: "1326", killer: .crash, facts: status(crashLoop(159))),
    Ailment(
        name: "somebody's SIGKILL", code: "CrashLoopBackOff", what: "SIGKILL", mend: "dmesg", killer: .signal, facts: status(crashLoop(137))
    ),
    Ailment(name: "somebody's SIGTERM", code: "CrashLoopBackOff", what: "SIGTERM", killer: .signal, facts: status(crashLoop(143))),
    Ailment(
        name: "a shell's word for its child", code: "CrashLoopBackOff", what: "a shell's word", killer: .itself,
        facts: {
            try FactsBuilder(status: crashLoop(137)).step(
                .run, "app", attempt: 4, ago: 120, took: 60, failure: "Error", "exit code 137, Error")
        }),
    Ailment(
        name: "the liveness probe", code: "CrashLoopBackOff", what: "liveness probe failed", mend: "timeoutSeconds", killer: .probe,
        facts: {
            try FactsBuilder(status: crashLoop(143))
                .event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500", container: "app", ago: 61, count: 3)
                .event("Killing", "Container app failed liveness probe, will be restarted", container: "app", ago: 61)
        }),
    Ailment(
        name: "the liveness probe, and no time left", code: "CrashLoopBackOff", what: "time to end had run out", mend: "SIGTERM",
        killer: .probe,
        facts: {
            try FactsBuilder(status: crashLoop(137))
                .step(.run, "app", attempt: 4, ago: 120, took: 60, failure: "Error", "exit code 137, Error, signal 9")
                .step(
                    .stop, "app", ago: 90, took: 30,
                    "Container app failed liveness probe, will be restarted; 30 s from the signal to the kill")
        }),
    Ailment(
        name: "a start that took too long", code: "CrashLoopBackOff", what: "startup probe failed", mend: "failureThreshold",
        killer: .probe,
        facts: {
            try FactsBuilder(status: crashLoop(143))
                .event("Killing", "Container app failed startup probe, will be restarted", container: "app", ago: 60)
        }),
    Ailment(
        name: "a failed hook", code: "CrashLoopBackOff", what: "postStart hook failed", killer: .hook,
        facts: { try FactsBuilder(status: crashLoop(143)).event("Killing", "FailedPostStartHook", container: "app", ago: 60) }),
    Ailment(
        name: "never started", code: "StartError", what: "never started", verdict: .failed, killer: .neverStarted,
        facts: status(
            ended(128, "StartError", message: "execve /bin/serve: No such file or directory", phase: "Failed"),
            spec: #"{"restartPolicy": "Never"}"#)),
    Ailment(
        name: "its supervisor was killed", code: "ContainerStatusUnknown", what: "nobody saw", verdict: .failed, killer: .unknown,
        facts: status(ended(137, "ContainerStatusUnknown", phase: "Failed"), spec: #"{"restartPolicy": "Never"}"#)),
    Ailment(
        name: "failed for good", code: "Error", what: "exit code 2", verdict: .failed, killer: .itself,
        facts: status(ended(2, phase: "Failed"), spec: #"{"restartPolicy": "Never"}"#)),
    Ailment(
        name: "an init container that fails", code: "Error", what: "container setup", killer: .itself,
        facts: status(ended(1, phase: "Pending", init: true), spec: initSpec)),
    Ailment(
        name: "an init container without its image", code: "ImagePullBackOff", what: "container setup",
        facts: status(waiting("ImagePullBackOff", "manifest unknown", init: true), spec: initSpec)),
]

private let health: [Ailment] = [
    Ailment(
        name: "a readiness probe that nobody answers", code: "ReadinessProbeFailing", mend: "0.0.0.0",
        facts: {
            try FactsBuilder(spec: probed("readinessProbe"), status: running())
                .event(
                    "Unhealthy", "Readiness probe failed: dial tcp 10.0.0.5:80: connect: connection refused", container: "app", count: 40)
        }),
    Ailment(
        name: "a readiness probe of another path", code: "ReadinessProbeFailing", mend: "httpGet.path",
        facts: {
            try FactsBuilder(spec: probed("readinessProbe"), status: running()).probes(
                #"{"container": "app", "probe": "readiness", "attempts": [{"time": "2026-03-01T11:59:59Z", "result": "failure", "message": "HTTP probe failed with statuscode: 404"}]}"#
            )
        }),
    Ailment(
        name: "a start that is not over", code: "StartupProbeFailing", what: "startup probe",
        facts: {
            try FactsBuilder(spec: probed("startupProbe"), status: running(started: false))
                .event("Unhealthy", "Startup probe failed: command timed out", container: "app")
        }),
    Ailment(
        name: "a readiness gate", code: "ReadinessGate", what: "example.com/lb", mend: "status",
        facts: status(
            running(ready: true, conditions: #"[{"type": "ContainersReady", "status": "True"}, {"type": "Ready", "status": "False"}]"#),
            spec: #"{"readinessGates": [{"conditionType": "example.com/lb"}]}"#)),
]

private func probed(_ kind: String) -> String {
    #"{"containers": [{"name": "app", "image": "i", "\#(kind)": {"httpGet": {"port": 80}}}]}"#
}

private let removals: [Ailment] = [
    Ailment(
        name: "in its time to end", code: "InGracePeriod", what: "20 s of 30 s", verdict: .ending,
        facts: status(running(), metadata: beingDeleted)),
    Ailment(
        name: "stuck", code: "TerminatingStuck", what: "still run: app", mend: "state D", verdict: .ending,
        facts: status(running(), metadata: deletedLongAgo)),
    Ailment(
        name: "a finalizer", code: "WaitsForFinalizers", what: "example.com/keep", verdict: .ending,
        facts: status(
            #"{"phase": "Succeeded"}"#,
            metadata:
                #"{"deletionTimestamp": "2026-03-01T11:55:00Z", "deletionGracePeriodSeconds": 30, "finalizers": ["example.com/keep"]}"#)),
    Ailment(
        name: "its node is lost", code: "TerminatingOnLostNode", mend: "--force", verdict: .ending,
        facts: { try FactsBuilder(status: running(), metadata: deletedLongAgo).node(deadNode) }),
]

private let absences: [Ailment] = [
    Ailment(name: "there is none", code: "NotFound", verdict: .absent, facts: { FactsBuilder() }),
    Ailment(
        name: "the quota", code: "QuotaExceeded", what: "ReplicaSet web", mend: "quota", verdict: .absent,
        facts: {
            FactsBuilder().event(
                "FailedCreate", "Error creating: pods \"web-1\" is forbidden: exceeded quota: q, requested: pods=1", of: "ReplicaSet")
        }),
    Ailment(
        name: "pod security", code: "PodSecurity", mend: "securityContext", verdict: .absent,
        facts: {
            FactsBuilder().event(
                "FailedCreate", "Error creating: pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"", of: "Job")
        }),
    Ailment(
        name: "a webhook", code: "WebhookDenied", verdict: .absent,
        facts: {
            FactsBuilder().event("FailedCreate", "Error creating: admission webhook \"x.test\" denied the request", of: "StatefulSet")
        }),
    Ailment(
        name: "no service account", code: "NoServiceAccount", verdict: .absent,
        facts: { FactsBuilder().event("FailedCreate", "Error creating: error looking up service account default/ci: not found", of: "Job") }
    ),
    Ailment(
        name: "evicted from a tainted node", code: "Gone", what: "deletion", verdict: .absent,
        facts: { FactsBuilder().event("TaintManagerEviction", "Marking for deletion Pod default/web") }),
]

@Suite struct ExplainTests {
    @Test(arguments: scheduling + nodes + surroundings + images + configurations + ends + health + removals + absences)
    func `names the cause and what mends it`(ailment: Ailment) throws {
        let explanation = Explanation(try ailment.facts().facts)
        let cause = try #require(explanation.cause)
        #expect(cause.code == ailment.code, "\(explanation.text)")
        #expect(explanation.verdict == ailment.verdict)
        #expect(ailment.what.isEmpty || explanation.headline.contains(ailment.what), "\(explanation.headline)")
        #expect(ailment.mend.isEmpty || cause.mends.joined(separator: "\n").contains(ailment.mend), "\(cause.mends)")
        if let killer = ailment.killer { #expect(explanation.exits.map(\.killer) == [killer]) }
        #expect(!explanation.isFine)
    }

    @Test func `a pod that runs and is ready is fine`() throws {
        let conditions = #"[{"type": "ContainersReady", "status": "True"}, {"type": "Ready", "status": "True"}]"#
        let explanation = Explanation(try FactsBuilder(status: running(ready: true, conditions: conditions)).facts)
        #expect(explanation.isFine)
        #expect(explanation.headline == "default/web runs and is ready")
        #expect(explanation.stages.map(\.state) == [.done, .done, .done, .done, .done, .done])
    }

    @Test func `a pod that has done its work is fine`() throws {
        let explanation = Explanation(try FactsBuilder(status: ended(0, "Completed", phase: "Succeeded")).facts)
        #expect(explanation.isFine)
        #expect(explanation.exits.isEmpty)
    }

    @Test(arguments: [
        ("1m20s", 80), ("10s", 10), ("5m0s", 300), ("1h0m0s", 3_600),
    ])
    func `the next start is known from the message`(text: String, seconds: Int64) {
        #expect(Diagnosis.delay(in: "back-off \(text) restarting failed container=app pod=web") == .seconds(seconds))
    }

    @Test func `the next start is told`() throws {
        let explanation = Explanation(try FactsBuilder(status: crashLoop(1)).facts)
        #expect(explanation.cause?.next == Timestamp("2026-03-01T12:00:20Z"))
        #expect(explanation.text.contains("(in 20 s)"))
    }

    @Test func `each node with the filter that refused it, or its points`() throws {
        let record = """
            {"pod": "default/web", "attempt": 2, "message": "", "refusals": [{"node": "node1", "plugin": "NodeResourcesFit",
              "reasons": ["Insufficient cpu"], "detail": "cpu: requested 4, free 1.5 of 2", "final": false}],
             "scores": [{"node": "node2", "total": 300, "plugins": [{"plugin": "ImageLocality", "score": 100, "weight": 1}]}]}
            """
        let facts = try FactsBuilder(spec: unbound, status: unscheduled("0/1 nodes are available: 1 Insufficient cpu.")).scheduling(record)
            .facts
        #expect(
            Explanation(facts).nodes == [
                "✗ node1: NodeResourcesFit: Insufficient cpu (cpu: requested 4, free 1.5 of 2)", "  node2: 300 points: ImageLocality 100×1",
            ])
    }

    @Test func `what stands first holds up the rest`() throws {
        // The node is gone, so nobody cares that the image is missing.
        let explanation = Explanation(try FactsBuilder(status: waiting("ImagePullBackOff", "manifest unknown")).node(nil).facts)
        #expect(explanation.findings.map(\.code) == ["NodeGone"])
    }

    @Test func `the answer for machines`() throws {
        let json = Explanation(try FactsBuilder(status: crashLoop(137, "OOMKilled")).facts).json
        #expect(json["verdict"] == "held")
        #expect(json["cause"]?["code"] == "CrashLoopBackOff")
        #expect(json["exits"]?[0]?["by"] == "outOfMemory")
        #expect(
            json["stages"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == [
                "created", "scheduled", "node", "sandbox", "container app", "ready",
            ])
    }

    @Test(arguments: [
        (Duration.microseconds(850), "850 µs"), (.milliseconds(3), "3 ms"), (.microseconds(3_250), "3.2 ms"),
        (.milliseconds(3_250), "3.2 s"),
        (.seconds(59), "59 s"), (.seconds(130), "2m10s"), (.seconds(7_200), "2h"), (.seconds(90_000), "1d1h"), (.seconds(-5), "-5 s"),
    ])
    func `spans of time`(duration: Duration, text: String) { #expect(ShortTime.text(duration) == text) }
}
