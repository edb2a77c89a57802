import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct FailureTests {
    @Test func `an absent image that must not be pulled`() async throws {
        let pod = makePod("p") {
            $0.spec.containers[0].image = "none:1"
            $0.spec.containers[0].imagePullPolicy = "Never"
        }
        try await simulate([pod]) { node in
            try await node.sleep(until: 1)
            let waiting = node.status("p").containerStatuses[0].state.waiting
            #expect(waiting?.reason == "ErrImageNeverPull")
            #expect(waiting?.message == "Container image \"none:1\" is not present with pull policy of Never")
            #expect(node.status("p").phase == "Pending")
            #expect(
                node.recorder.texts == [
                    "ErrImageNeverPull: Container image \"none:1\" is not present with pull policy of Never",
                    "Failed: Error: ErrImageNeverPull",
                ])
        }
    }

    @Test func `a pull that fails is tried again after 10, 20, 40 … seconds`() async throws {
        var setup = SimulationSetup()
        setup.pullFailure = { _ in "no such host" }
        let pod = makePod("p") { $0.spec.containers[0].image = "none:1" }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 0.5)
            #expect(node.status("p").containerStatuses[0].state.waiting?.reason == "ErrImagePull")
            #expect(node.status("p").containerStatuses[0].state.waiting?.message == "no such host")
            try await node.sleep(until: 9)
            let waiting = node.status("p").containerStatuses[0].state.waiting
            #expect(waiting?.reason == "ImagePullBackOff")
            #expect(waiting?.message == "Back-off pulling image \"none:1\": ErrImagePull: no such host")
            let times = node.recorder
            try await node.sleep(until: 400)
            #expect(node.images.pulls.count == 6)  // at 0, 10, 30, 70, 150, 310
            #expect(times.texts.contains("Failed: Failed to pull image \"none:1\": no such host"))
            #expect(times.texts.contains("BackOff: Back-off pulling image \"none:1\""))
        }
    }

    @Test func `an image that was imported on this machine is not asked of a registry when only its tag wants that`() async throws {
        var setup = SimulationSetup()
        var image = SimulationSetup.fixtureImage
        image.repoTags += ["fixture"]
        image.isImported = true
        setup.images = [image]
        setup.pullFailure = { _ in "no such host" }
        let untagged = makePod("untagged") { ($0.spec.containers[0].image, $0.spec.containers[0].imagePullPolicy) = ("fixture", "Always") }
        let explicit = makePod("explicit") { $0.spec.containers[0].imagePullPolicy = "Always" }
        try await simulate([untagged, explicit], setup) { node in
            try await node.sleep(until: 0.5)
            #expect(node.status("untagged").containerStatuses[0].state.running != nil)
            #expect(node.recorder.texts.contains { $0.hasPrefix("NotPulled: Container image \"fixture\" is not pulled: it was imported") })
            #expect(!node.recorder.texts.contains { $0.hasPrefix("Pulled:") })
            #expect(node.status("explicit").containerStatuses[0].state.waiting?.reason == "ErrImagePull")
            #expect(node.images.pulls == ["fixture:1"])
        }
    }

    @Test func `of two pods that want one host port the second is refused`() async throws {
        let pods = ["a", "b"].map { name in
            makePod(name) { $0.spec.containers[0].ports = [ContainerPort { ($0.containerPort, $0.hostPort) = (80, 8080) }] }
        }
        try await simulate(pods) { node in
            try await node.sleep(until: 1)
            let statuses = pods.map { node.status($0.name) }
            #expect(statuses.count { $0.phase == "Running" } == 1)
            let refused = try #require(statuses.first { $0.phase == "Failed" })
            #expect(refused.reason == "NodePorts")
            #expect(
                refused.message
                    == "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
        }
    }

    @Test func `a pod for another operating system is refused`() async throws {
        let pod = makePod("p") { $0.spec.os = PodOS { $0.name = "windows" } }
        try await simulate([pod]) { node in
            try await node.sleep(until: 1)
            #expect(node.status("p").reason == "PodOSNotSupported")
            #expect(node.status("p").message == "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS")
        }
    }

    @Test func `what is not acted on is told once, as an event`() async throws {
        let pod = makePod("p") { $0.spec.containers[0].volumeDevices = [VolumeDevice()] }
        try await simulate([pod]) { node in
            try await node.sleep(until: 100)
            let told = node.recorder.events.filter { $0.reason == PodEvent.unsupportedField }
            #expect(told.map(\.message) == ["spec.containers[0].volumeDevices: block devices are not mapped"])
            #expect(told.allSatisfy { $0.kind == .warning })
        }
    }

    @Test func `a program that is not there: with Never the pod fails, with Always it is tried again`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in
            var script = ContainerScript()
            script.startFailure = "exec: \"/nope\": no such file or directory"
            return script
        }
        try await simulate([makePod("p") { $0.spec.restartPolicy = "Never" }], setup) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            let ended = status?.containerStatuses[0].state.terminated
            #expect(ended?.reason == "StartError")
            #expect(ended?.exitCode == 128)
            #expect(ended?.startedAt?.description == "1970-01-01T00:00:00Z")
            #expect(ended?.message == "exec: \"/nope\": no such file or directory")
        }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 5)
            let status = node.status("p").containerStatuses[0]
            #expect(status.restartCount == 1)
            #expect(status.state.waiting?.reason == "CrashLoopBackOff")
            #expect(status.lastState.terminated?.reason == "StartError")
            #expect(node.status("p").phase == "Running")
            try await node.sleep(until: 11)
            #expect(node.status("p").containerStatuses[0].restartCount == 2)
        }
    }

    @Test func `out of memory is the reason that is shown`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(exit: .init(after: .seconds(1), code: 137, outOfMemory: true)) }
        try await simulate([makePod("p") { $0.spec.restartPolicy = "Never" }], setup) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(status?.containerStatuses[0].state.terminated?.reason == "OOMKilled")
            #expect(status?.phase == "Failed")
        }
    }

    @Test func `a missing ConfigMap is named, and the container starts once it is not needed`() async throws {
        let pod = makePod("p", containers: ["bad", "good"]) { pod in
            pod.spec.containers[0].env = [
                EnvVar {
                    $0.name = "V"
                    $0.valueFrom = EnvVarSource { $0.configMapKeyRef = ConfigMapKeySelector { ($0.name, $0.key) = ("none", "k") } }
                }
            ]
        }
        try await simulate([pod]) { node in
            try await node.sleep(until: 1)
            let status = node.status("p").containerStatuses
            #expect(status[0].state.waiting?.reason == "CreateContainerConfigError")
            #expect(status[0].state.waiting?.message == "configmap \"none\" not found")
            #expect(status[1].state.running != nil)
            #expect(node.status("p").phase == "Pending")
        }
    }

    @Test func `a pod that the node refuses never gets a container`() async throws {
        let sysctl = makePod("p") {
            $0.spec.securityContext = PodSecurityContext { $0.sysctls = [Sysctl { ($0.name, $0.value) = ("kernel.msgmax", "65536") }] }
        }
        try await simulate([sysctl]) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(status?.phase == "Failed")
            #expect(status?.reason == "SysctlForbidden")
            #expect(status?.message == "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted")
            #expect(status?.conditions.isEmpty == true)
            #expect(node.recorder.texts == ["SysctlForbidden: forbidden sysctl: \"kernel.msgmax\" not allowlisted"])
            #expect(node.runtime.journal.isEmpty)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
        }
    }

    @Test func `a volume that cannot be made holds up the pod, with its reason`() async throws {
        let pod = makePod("p") {
            $0.spec.volumes = [
                Volume { ($0.name, $0.hostPath) = ("v", HostPathVolumeSource { ($0.path, $0.type) = ("/etc/hostname", "Directory") }) }
            ]
        }
        try await simulate([pod]) { node in
            try await node.sleep(until: 1)
            #expect(
                node.recorder.texts == [
                    "FailedMount: MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: /etc/hostname is not a directory"
                ])
            #expect(node.status("p").containerStatuses[0].state.waiting?.reason == "ContainerCreating")
        }
    }

    @Test func `a sandbox that fails is tried again`() async throws {
        var setup = SimulationSetup()
        setup.sandboxes = { _ in SandboxScript(failure: "no address left") }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 40)
            #expect(node.recorder.texts.allSatisfy { $0 == "FailedCreatePodSandBox: Failed to create pod sandbox: no address left" })
            #expect((3...5).contains(node.recorder.texts.count))
            #expect(node.status("p").conditions.first?.status == "False")
        }
    }
}
