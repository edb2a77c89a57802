import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

/// Pods that are changed while they run: ephemeral containers, other resources, another image, a shorter deadline.
@Suite struct ChangedPodTests {
    private func pod(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
        makePod("p") {
            $0.metadata.generation = 1
            $0.spec.terminationGracePeriodSeconds = 2
            change(&$0)
        }
    }

    private func changed(_ pod: Pod, _ change: (inout Pod) -> Void) -> Pod {
        var pod = pod
        pod.metadata.generation = (pod.metadata.generation ?? 0) + 1
        change(&pod)
        return pod
    }

    private var setup: SimulationSetup {
        var setup = SimulationSetup()
        setup.containers = { _, container in
            container.name == "dbg" ? .exits(after: .seconds(2), code: 0) : ContainerScript(stop: .exits(after: .zero, code: 0))
        }
        return setup
    }

    private func debugger(target: String? = "app") -> EphemeralContainer {
        EphemeralContainer {
            $0.name = "dbg"
            $0.image = "fixture:1"
            $0.imagePullPolicy = "IfNotPresent"
            $0.targetContainerName = target
        }
    }

    @Test func `an ephemeral container runs once, among the processes of its target`() async throws {
        let pod = pod()
        let debugger = debugger()
        let changed = changed(pod) { $0.spec.ephemeralContainers = [debugger] }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 2)
            let running = try #require(node.status("p").ephemeralContainerStatuses.first)
            #expect(running.name == "dbg" && running.state.running != nil && !running.ready && running.started == nil)
            let ids = node.status("p").containerStatuses.map { ContainerID.parse($0.containerID ?? "") ?? "" }
            let config = try #require(node.runtime.containerConfig(ContainerID.parse(running.containerID ?? "") ?? ""))
            #expect(config.securityContext.namespaceOptions.pid == .target)
            #expect(config.securityContext.namespaceOptions.targetID == ids.first)
            try await node.sleep(until: 200)
            let ended = try #require(node.status("p").ephemeralContainerStatuses.first)
            #expect(ended.state.terminated?.exitCode == 0 && ended.restartCount == 0)
            #expect(node.starts == ["app#0 0", "dbg#0 1"])
            #expect(node.status("p").phase == "Running" && node.status("p").observedGeneration == 2)
            #expect(node.recorder.events.filter { $0.container == "dbg" }.allSatisfy { $0.fieldPath == "spec.ephemeralContainers{dbg}" })
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
        }
    }

    @Test func `a target that is not there is named`() async throws {
        let pod = pod()
        let debugger = debugger(target: "nobody")
        let changed = changed(pod) { $0.spec.ephemeralContainers = [debugger] }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 3)
            let waiting = node.status("p").ephemeralContainerStatuses.first?.state.waiting
            #expect(waiting?.reason == "CreateContainerConfigError")
            #expect(waiting?.message == "target container \"nobody\" is not running")
        }
    }

    private func resources(cpu: String, memory: String) -> ResourceRequirements {
        ResourceRequirements {
            $0.requests = quantities(["cpu": cpu, "memory": memory])
            $0.limits = quantities(["cpu": cpu, "memory": memory])
        }
    }

    private func resizable(_ resources: ResourceRequirements) -> Pod {
        pod {
            $0.spec.containers[0].resources = resources
            $0.spec.containers[0].resizePolicy = [
                ContainerResizePolicy { ($0.resourceName, $0.restartPolicy) = ("cpu", "NotRequired") },
                ContainerResizePolicy { ($0.resourceName, $0.restartPolicy) = ("memory", "RestartContainer") },
            ]
        }
    }

    @Test func `more CPU without a restart`() async throws {
        let pod = resizable(resources(cpu: "100m", memory: "32Mi"))
        let wish = resources(cpu: "200m", memory: "32Mi")
        let changed = changed(pod) { $0.spec.containers[0].resources = wish }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 2)
            #expect(node.starts == ["app#0 0"])
            #expect(node.journal("resize ").count == 1)
            let status = try #require(node.status("p").containerStatuses.first)
            #expect(status.resources == wish && status.allocatedResources == wish.requests)
            #expect(!node.status("p").conditions.contains { $0.type.hasPrefix("PodResize") })
            let summary =
                #"{"containers":[{"name":"app","resources":{"limits":{"cpu":"200m","memory":"32Mi"},"requests":{"cpu":"200m","memory":"32Mi"}}}],"generation":2}"#
            let told = node.recorder.texts.filter { $0.hasPrefix("Resize") }
            #expect(told == ["ResizeStarted: Pod resize started: \(summary)", "ResizeCompleted: Pod resize completed: \(summary)"])
            try await node.sleep(until: 100)
            #expect(node.journal("resize ").count == 1)
        }
    }

    @Test func `more memory with the restart that was asked for`() async throws {
        let pod = resizable(resources(cpu: "100m", memory: "32Mi"))
        let wish = resources(cpu: "100m", memory: "48Mi")
        let changed = changed(pod) { $0.spec.containers[0].resources = wish }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 2)
            #expect(node.starts == ["app#0 0", "app#1 1"])
            #expect(node.journal("resize ").isEmpty)
            #expect(node.recorder.texts.contains("Killing: Container app resize requires restart"))
            #expect(node.recorder.texts.last?.hasPrefix("ResizeCompleted") == true)
            #expect(node.status("p").containerStatuses.first?.resources == wish)
        }
    }

    @Test func `what the node has not is held back, and told`() async throws {
        let pod = resizable(resources(cpu: "100m", memory: "32Mi"))
        let other = makePod("q") { $0.spec.containers[0].resources.requests = quantities(["cpu": "1500m"]) }
        let (never, later) = (resources(cpu: "100", memory: "32Mi"), resources(cpu: "800m", memory: "32Mi"))
        let (infeasible, deferred) = (
            changed(pod) { $0.spec.containers[0].resources = never }, changed(pod) { $0.spec.containers[0].resources = later }
        )
        var setup = setup
        setup.configure = { $0.node.allocatableMilliCPU = 2_000 }
        try await simulate([pod, other], setup) { node in
            func pending() -> PodCondition? { node.status("p").conditions.first { $0.type == "PodResizePending" } }
            try await node.sleep(until: 1)
            node.kubelet.setPods([infeasible, other])
            try await node.sleep(until: 2)
            #expect(pending()?.reason == "Infeasible")
            #expect(pending()?.message == "Node didn't have enough capacity: cpu, requested: 100000, capacity: 2000")
            node.kubelet.setPods([deferred, other])
            try await node.sleep(until: 3)
            #expect(pending()?.reason == "Deferred")
            #expect(pending()?.message == "Node didn't have enough resource: cpu, requested: 800, used: 1500, capacity: 2000")
            #expect(node.status("p").containerStatuses.first?.allocatedResources["cpu"] == quantities(["c": "100m"])["c"])
            #expect(node.journal("resize ").isEmpty)
            // With the other pod gone there is room.
            node.kubelet.setPods([deferred])
            try await node.sleep(until: 100)
            #expect(pending() == nil && node.journal("resize ").count == 1)
            #expect(node.recorder.texts.filter { $0.hasPrefix("ResizeInfeasible") || $0.hasPrefix("ResizeDeferred") }.count == 2)
        }
    }

    @Test func `another image restarts the container`() async throws {
        let pod = pod()
        let changed = changed(pod) { $0.spec.containers[0].image = "fixture:2" }
        var setup = setup
        var second = SimulationSetup.fixtureImage
        (second.id, second.repoTags) = ("sha256:second", ["fixture:2"])
        setup.images.append(second)
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 5)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 6)
            #expect(node.starts == ["app#0 0", "app#1 5"])
            #expect(node.recorder.texts.contains("Killing: Container app definition changed, will be restarted"))
        }
    }

    @Test func `a deadline that comes later with the spec`() async throws {
        let pod = pod()
        let changed = changed(pod) { $0.spec.activeDeadlineSeconds = 10 }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 5)
            node.kubelet.setPods([changed])
            try await node.sleep(until: 20)
            #expect(node.status("p").reason == "DeadlineExceeded" && node.status("p").phase == "Failed")
        }
    }
}

/// `restartPolicy` and `restartPolicyRules` of containers.
@Suite struct RestartRuleTests {
    private static func container(_ policy: String?, _ rules: [(String, [Int32])]) -> Container {
        makeContainer("app") {
            $0.restartPolicy = policy
            $0.restartPolicyRules = rules.map { rule in
                ContainerRestartRule {
                    $0.action = "Restart"
                    $0.exitCodes = ContainerRestartRuleOnExitCodes { ($0.operator, $0.values) = rule }
                }
            }
        }
    }

    @Test(
        arguments: [
            ("Never", nil, [], 0, false), ("Never", "Always", [], 0, true), ("Always", "Never", [], 1, false),
            ("Always", "OnFailure", [], 0, false),
            ("Always", "OnFailure", [], 1, true), ("Never", "Never", [("In", [42])], 42, true),
            ("Never", "Never", [("In", [42])], 1, false),
            ("Never", "Never", [("NotIn", [0])], 7, true), ("Never", "Never", [("NotIn", [0])], 0, false),
            ("Never", nil, [("In", [42])], 42, false),
        ] as [(String, String?, [(String, [Int32])], Int32, Bool)])
    func `decides`(pod: String, policy: String?, rules: [(String, [Int32])], code: Int32, expected: Bool) {
        let container = Self.container(policy, rules)
        let pod = makePod("p") { $0.spec.restartPolicy = pod }
        #expect(RestartDecision.shouldRestart(exitCode: code, container, in: pod) == expected)
    }

    @Test func `restarts by its rule, then the pod is over`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in .exits(after: .seconds(1), code: container.attempt == 0 ? 42 : 1) }
        let pod = makePod("p") {
            $0.spec.restartPolicy = "Never"
            $0.spec.containers = [Self.container("Never", [("In", [42])])]
        }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 30)
            #expect(node.starts == ["app#0 0", "app#1 1"])
            #expect(node.status("p").phase == "Failed")
            #expect(node.status("p").containerStatuses.first?.lastState.terminated?.exitCode == 42)
        }
    }
}

/// What a new agent makes of probes that an earlier one has asked.
@Suite struct ProbeAdoptionTests {
    private func probed() -> Pod {
        makePod("p") {
            $0.spec.containers[0].readinessProbe = Probe {
                $0.exec = ExecAction { $0.command = ["check"] }
                $0.periodSeconds = 10
                $0.failureThreshold = 2
            }
        }
    }

    @Test(arguments: [0, 1]) func `readiness stays until the probe says otherwise`(exitCode: Int32) async throws {
        let directory = try TemporaryDirectory()
        let pod = probed()
        try await Simulation.run { simulation in
            let runtime = SimulatedRuntime(
                clock: simulation.clock,
                containers: { _, _ in
                    var script = ContainerScript()
                    script.command = { _, time in .init(exitCode: time > .seconds(25) ? exitCode : 0) }
                    return script
                })
            let setup = SimulationSetup()
            let images = SimulatedImages(
                clock: simulation.clock, present: setup.images, pullDuration: .zero, pullFailure: { _ in nil })
            try await withKubelet(simulation, directory, runtime, images, setup) { node in
                node.kubelet.setPods([pod])
                try await node.sleep(until: 22)
                #expect(node.status("p").containerStatuses.first?.ready == true)
            }
            try await withKubelet(simulation, directory, runtime, images, setup) { node in
                node.kubelet.setPods([pod])
                let lines = try await node.history(of: "p", until: 60)
                let changes = lines.filter { $0.hasSuffix("ready") }
                // The first status of all says ready; with failures it is taken back after two of them.
                #expect(changes.first?.hasSuffix(" ready") == true)
                #expect(changes.count == (exitCode == 0 ? 1 : 2))
                #expect(node.starts == ["app#0 0"])
            }
        }
    }
}
