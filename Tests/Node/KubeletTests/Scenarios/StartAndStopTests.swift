import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct StartAndStopTests {
    @Test func `a pod runs, is deleted, and nothing is left`() async throws {
        try await simulate([makePod("p")]) { node in
            try await node.sleep(1)
            let running = node.status("p")
            #expect(running.phase == "Running")
            #expect(
                running.conditions.map { "\($0.type)=\($0.status)" } == [
                    "PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True",
                ])
            #expect(running.containerStatuses[0].containerID?.hasPrefix("swiftlet://") == true)
            #expect(running.podIP == "10.0.0.2")
            #expect(running.hostIP == "192.0.2.1")
            #expect(running.qosClass == "BestEffort")
            let finished = await withTaskGroup(of: PodStatus?.self) { group in
                group.addTask { await node.kubelet.waitUntilTerminal("p") }
                node.kubelet.delete("p")
                return await group.next() ?? nil
            }
            #expect(finished?.phase == "Failed")
            #expect(finished?.containerStatuses[0].state.terminated?.exitCode == 143)
            #expect(finished?.conditions.first { $0.type == "Ready" }?.reason == "PodFailed")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.kubelet.pods.isEmpty)
            #expect(try PodFiles.list(node.configuration.rootDirectory + "/pods").isEmpty)
            #expect(try PodFiles.list(node.configuration.podLogsDirectory).isEmpty)
            #expect(
                node.recorder.texts == [
                    "Pulled: Container image \"fixture:1\" already present on machine and can be accessed by the pod",
                    "Created: Container created", "Started: Container started", "Killing: Stopping container app",
                ])
            #expect(
                node.runtime.journal.map(\.text) == [
                    "sandbox p#0", "start p/app#0", "stop p/app#0 within 30s", "exit p/app#0 143", "stop sandbox p#0", "remove p/app#0",
                    "remove sandbox p#0",
                ])
        }
    }

    @Test(arguments: [
        // policy, exit code, starts within 5 s, phase
        ("Always", Int32(0), 2, "Running"), ("Always", 3, 2, "Running"), ("OnFailure", 0, 1, "Succeeded"), ("OnFailure", 3, 2, "Running"),
        ("Never", 0, 1, "Succeeded"), ("Never", 3, 1, "Failed"),
    ])
    func `the restart policy decides what an exit means`(policy: String, code: Int32, starts: Int, phase: String) async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in .exits(after: .seconds(1), code: code) }
        try await simulate([makePod("p") { $0.spec.restartPolicy = policy }], setup) { node in
            try await node.sleep(until: 5)
            #expect(node.starts.count == starts)
            #expect(node.status("p").phase == phase)
        }
    }

    @Test func `a container's own restart policy goes before the pod's`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in .exits(after: .seconds(1), code: 3) }
        let pod = makePod("p", containers: ["a", "b"]) {
            $0.spec.restartPolicy = "Never"
            $0.spec.containers[1].restartPolicy = "OnFailure"
        }
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 5)
            #expect(node.starts == ["a#0 0", "b#0 0", "b#1 1"])
            #expect(node.status("p").phase == "Running")
        }
    }

    @Test func `a finished pod keeps its status and is torn down`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in .exits(after: .seconds(container.name == "a" ? 1 : 4), code: container.name == "a" ? 0 : 7) }
        try await simulate([makePod("p", containers: ["a", "b"]) { $0.spec.restartPolicy = "Never" }], setup) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(node.clock.elapsed == .seconds(4))
            #expect(status?.phase == "Failed")
            #expect(status?.conditions.map(\.reason) == [nil, nil, "PodFailed", "PodFailed", nil])
            #expect(PodOutcome.exitCode(node.kubelet.pods) == 7)
            try await node.sleep(200)
            #expect(node.kubelet.pods[0].status == status)
            #expect(node.starts.count == 2)
        }
    }

    @Test func `a program that ignores the signal is killed when its time is over`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .ignores) }
        try await simulate([makePod("p") { $0.spec.terminationGracePeriodSeconds = 3 }], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.clock.elapsed == .seconds(4))
            #expect(node.journal("exit ") == ["app#0 137 4"])
        }
    }

    @Test func `deletion with no time left still leaves a second`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .ignores) }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.delete("p", gracePeriodSeconds: 0)
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.clock.elapsed == .seconds(2))
        }
    }

    @Test func `a pod deleted while its image is pulled is given up at once`() async throws {
        let pod = makePod("p") { $0.spec.containers[0].image = "other:1" }
        var setup = SimulationSetup()
        setup.pullDuration = .seconds(1_000)
        try await simulate([pod], setup) { node in
            try await node.sleep(until: 5)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.clock.elapsed == .seconds(5))
            #expect(node.starts.isEmpty)
        }
    }

    @Test func `a pod deleted while a container starts does not start the next one`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in
            var script = ContainerScript()
            script.startDuration = .seconds(10)
            return script
        }
        try await simulate([makePod("p", containers: ["a", "b"])], setup) { node in
            try await node.sleep(until: 5)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.starts == ["a#0 10"])
            #expect(node.clock.elapsed == .seconds(10))
        }
    }

    @Test func `pods side by side do not wait for each other`() async throws {
        let pods = (0..<100).map { makePod("p\($0)", containers: ["a", "b"]) }
        var setup = SimulationSetup()
        setup.containers = { _, _ in
            var script = ContainerScript()
            script.startDuration = .seconds(1)
            return script
        }
        try await simulate(pods, setup) { node in
            try await node.sleep(until: 3)
            #expect(node.kubelet.pods.count { $0.status.phase == "Running" } == 100)
            #expect(node.starts.count == 200)
            node.kubelet.setPods([])
            for pod in pods { await node.kubelet.waitUntilRemoved(pod.uid) }
            #expect(node.kubelet.pods.isEmpty)
            #expect(node.clock.elapsed == .seconds(3))
        }
    }

    @Test func `a deadline ends the pod and says so`() async throws {
        try await simulate([makePod("p") { $0.spec.activeDeadlineSeconds = 3 }]) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(node.clock.elapsed == .seconds(3))
            #expect(status?.phase == "Failed")
            #expect(status?.reason == "DeadlineExceeded")
            #expect(status?.message == "Pod was active on the node longer than the specified deadline")
            #expect(node.recorder.texts.contains("DeadlineExceeded: Pod was active on the node longer than the specified deadline"))
        }
    }

    @Test func `the world sees no terminal phase while a container still runs`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .exits(after: .seconds(2), code: 0)) }
        try await simulate([makePod("p") { $0.spec.activeDeadlineSeconds = 3 }], setup) { node in
            let updates = node.kubelet.statusUpdates()
            let seen = await withTaskGroup(of: [String].self) { group in
                group.addTask {
                    var seen: [String] = []
                    for await pod in updates {
                        let state = pod.status.containerStatuses[0].state
                        seen.append("\(pod.status.phase ?? "") \(state.running == nil ? "" : "running")")
                        if pod.status.phase == "Failed" { break }
                    }
                    return seen
                }
                return await group.next() ?? []
            }
            #expect(seen.last == "Failed ")
            #expect(!seen.contains("Failed running"))
            #expect(node.clock.elapsed == .seconds(5))
        }
    }

    @Test func `a pod of the same name starts only when the old one is gone`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .exits(after: .seconds(5), code: 0)) }
        var new = makePod("p")
        new.metadata.uid = "new"
        let replacement = new
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([replacement])
            try await node.sleep(until: 10)
            #expect(node.starts == ["app#0 0", "app#0 6"])
            #expect(node.kubelet.pods.map(\.uid) == ["new"])
        }
    }

    @Test func `a pod that is wanted again while it ends comes back`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in ContainerScript(stop: .exits(after: .seconds(5), code: 0)) }
        try await simulate([makePod("p")], setup) { node in
            try await node.sleep(until: 1)
            node.kubelet.setPods([])
            try await node.sleep(until: 2)
            node.kubelet.setPods([makePod("p")])
            try await node.sleep(until: 10)
            #expect(node.starts == ["app#0 0", "app#0 6"])
            #expect(node.status("p").phase == "Running")
        }
    }

    @Test func `of two pods with one name the second is told off`() async throws {
        var second = makePod("p")
        second.metadata.uid = "q"
        try await simulate([makePod("p"), second]) { node in
            try await node.sleep(until: 1)
            #expect(node.kubelet.pods.map(\.uid) == ["p"])
            #expect(
                node.recorder.texts.first
                    == "FailedValidation: Error validating pod p_default(q) from api due to duplicate pod name \"p\", ignoring")
        }
    }
}
