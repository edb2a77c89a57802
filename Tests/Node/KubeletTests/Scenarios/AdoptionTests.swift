import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct AdoptionTests {
    /// Runs node agents one after the other on one runtime, each for a while.
    private func lives(
        _ lives: [@Sendable (SimulatedNode) async throws -> Void], _ setup: SimulationSetup = SimulationSetup()
    ) async throws {
        let directory = try TemporaryDirectory()
        try await Simulation.run { simulation in
            let runtime = SimulatedRuntime(clock: simulation.clock, containers: setup.containers)
            let images = SimulatedImages(clock: simulation.clock, present: setup.images)
            for life in lives { try await withKubelet(simulation, directory, runtime, images, setup, life) }
        }
    }

    @Test func `a new agent finds the pods of the one before`() async throws {
        let pod = makePod("p")
        try await lives([
            { node in
                node.kubelet.setPods([pod])
                try await node.sleep(until: 5)
            },
            { node in
                node.kubelet.setPods([pod])
                try await node.sleep(until: 10)
                #expect(node.status("p").phase == "Running")
                #expect(node.status("p").startTime?.description == "2026-01-01T00:00:00Z")
                #expect(node.starts == ["app#0 0"])
                #expect(node.recorder.events.isEmpty)
            },
        ])
    }

    @Test func `what ends meanwhile is seen and counted`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in .exits(after: .seconds(7), code: 1) }
        let pod = makePod("p")
        let once = makePod("once") { $0.spec.restartPolicy = "Never" }
        try await lives(
            [
                { node in
                    node.kubelet.setPods([pod, once])
                    try await node.sleep(until: 5)
                },
                { node in try await node.sleep(until: 10) },  // its sources say nothing yet
                { node in
                    node.kubelet.setPods([pod, once])
                    try await node.sleep(until: 12)
                    #expect(node.status("p").containerStatuses[0].restartCount == 1)
                    #expect(node.status("p").containerStatuses[0].lastState.terminated?.exitCode == 1)
                    #expect(node.status("once").phase == "Failed")
                    #expect(node.starts == ["app#0 0", "app#0 0", "app#1 10"])
                },
            ], setup)
    }

    @Test func `pods that no source knows are ended once the sources have spoken`() async throws {
        let pod = makePod("p") { $0.spec.terminationGracePeriodSeconds = 7 }
        try await lives([
            { node in
                node.kubelet.setPods([pod])
                try await node.sleep(until: 5)
            },
            { node in
                try await node.sleep(until: 200)
                #expect(node.journal("exit ").isEmpty)
                node.kubelet.setPods([])
                try await node.sleep(until: 201)
                #expect(node.runtime.journal.map(\.text).contains("stop p/app#0 within 7s"))
                #expect(try await node.runtime.listPodSandbox(PodSandboxFilter()).isEmpty)
            },
        ])
    }

    @Test func `pods of another owner are left alone`() async throws {
        var setup = SimulationSetup()
        setup.configure = { $0.ownerLabels = ["owner": "a"] }
        let pod = makePod("p")
        let directory = try TemporaryDirectory()
        try await Simulation.run { [setup] simulation in
            let runtime = SimulatedRuntime(clock: simulation.clock)
            let images = SimulatedImages(clock: simulation.clock, present: setup.images)
            try await withKubelet(simulation, directory, runtime, images, setup) { node in
                node.kubelet.setPods([pod])
                try await node.sleep(until: 5)
            }
            var other = setup
            other.configure = { $0.ownerLabels = ["owner": "b"] }
            try await withKubelet(simulation, directory, runtime, images, other) { node in
                node.kubelet.setPods([])
                try await node.sleep(until: 100)
                #expect(node.kubelet.pods.isEmpty)
                #expect(node.journal("exit ").isEmpty)
            }
        }
    }

    /// Agents live for a fraction of a second each, while the runtime's calls take their time: nothing may start twice.
    @Test(arguments: [0.1, 0.25, 0.4, 0.7, 1.1])
    func `an agent killed again and again starts nothing twice`(lifetime: Double) async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in
            var script = container.name == "i" ? ContainerScript.exits(after: .milliseconds(500), code: 0) : .runsForever
            script.createDuration = .milliseconds(150)
            script.startDuration = .milliseconds(150)
            return script
        }
        let pod = makePod("p", containers: ["a", "b"]) { $0.spec.initContainers = [makeContainer("i")] }
        let life: @Sendable (SimulatedNode) async throws -> Void = { node in
            node.kubelet.setPods([pod])
            try await node.sleep(lifetime)
        }
        try await lives(
            Array(repeating: life, count: 40) + [
                { node in
                    node.kubelet.setPods([pod])
                    try await node.sleep(10)
                    #expect(node.status("p").phase == "Running")
                    #expect(Set(node.starts.map { $0.split(separator: " ")[0] }) == ["i#0", "a#0", "b#0"])
                    #expect(node.starts.count == 3)
                }
            ], setup)
    }
}
