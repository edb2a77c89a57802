import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct InitAndSidecarTests {
    private func pod(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
        makePod("p", containers: ["main"]) {
            $0.spec.initContainers = [makeContainer("i1"), makeSidecar("s1"), makeContainer("i2"), makeSidecar("s2")]
            change(&$0)
        }
    }

    private static let scripts: SimulatedRuntime.ContainerScripts = { _, container in
        container.name.hasPrefix("i")
            ? .exits(after: .seconds(2), code: 0) : ContainerScript(stop: .exits(after: .seconds(1), code: 0))
    }

    @Test func `init containers run one after the other, sidecars go on beside them`() async throws {
        var setup = SimulationSetup()
        setup.containers = Self.scripts
        try await simulate([pod()], setup) { node in
            try await node.sleep(until: 1)
            #expect(node.status("p").phase == "Pending")
            let initialized = node.status("p").conditions.first { $0.type == "Initialized" }
            #expect(initialized?.message == "containers with incomplete status: [i1 s1 i2 s2]")
            #expect(node.status("p").containerStatuses[0].state.waiting?.reason == "PodInitializing")
            try await node.sleep(until: 5)
            #expect(node.starts == ["i1#0 0", "s1#0 2", "i2#0 2", "s2#0 4", "main#0 4"])
            #expect(node.status("p").phase == "Running")
            #expect(node.status("p").initContainerStatuses.map(\.ready) == [true, true, true, true])
        }
    }

    @Test func `sidecars end after the regular containers, the last one first`() async throws {
        var setup = SimulationSetup()
        setup.containers = Self.scripts
        try await simulate([pod()], setup) { node in
            try await node.sleep(until: 10)
            node.kubelet.delete("p")
            await node.kubelet.waitUntilRemoved("p")
            #expect(node.journal("exit ").suffix(3) == ["main#0 0 11", "s2#0 0 12", "s1#0 0 13"])
            let stops = node.runtime.journal.filter { $0.text.hasPrefix("stop p/") }.map(\.text)
            #expect(stops == ["stop p/main#0 within 30s", "stop p/s2#0 within 29s", "stop p/s1#0 within 28s"])
        }
    }

    @Test func `sidecars do not keep a finished pod alive`() async throws {
        var setup = SimulationSetup()
        setup.containers = { pod, container in container.name == "main" ? .exits(after: .seconds(2), code: 0) : Self.scripts(pod, container)
        }
        try await simulate([pod { $0.spec.restartPolicy = "Never" }], setup) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(status?.phase == "Succeeded")
            #expect(node.clock.elapsed == .seconds(8))
            #expect(status?.conditions.map(\.reason) == [nil, "PodCompleted", "PodCompleted", "PodCompleted", nil])
        }
    }

    @Test func `a sidecar that ends is started again, whatever the policy`() async throws {
        var setup = SimulationSetup()
        setup.containers = { pod, container in
            container.name == "s1" ? .exits(after: .seconds(3), code: 5) : Self.scripts(pod, container)
        }
        try await simulate([pod { $0.spec.restartPolicy = "Never" }], setup) { node in
            try await node.sleep(until: 30)
            #expect(node.starts.filter { $0.hasPrefix("s1") } == ["s1#0 2", "s1#1 5", "s1#2 18"])
            #expect(node.starts.filter { $0.hasPrefix("main") } == ["main#0 4"])
            #expect(node.status("p").phase == "Running")
        }
    }

    @Test func `a failing init container is retried, and with Never it fails the pod`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in container.name == "i1" ? .exits(after: .seconds(1), code: 1) : .runsForever }
        try await simulate([pod()], setup) { node in
            try await node.sleep(until: 20)
            #expect(node.starts == ["i1#0 0", "i1#1 1", "i1#2 12"])
            #expect(node.status("p").phase == "Pending")
        }
        try await simulate([pod { $0.spec.restartPolicy = "Never" }], setup) { node in
            let status = await node.kubelet.waitUntilTerminal("p")
            #expect(status?.phase == "Failed")
            #expect(
                status?.initContainerStatuses.map { $0.state.waiting?.reason } == [
                    nil, "PodInitializing", "PodInitializing", "PodInitializing",
                ])
            #expect(status?.containerStatuses[0].state.waiting?.reason == "PodInitializing")
            #expect(node.starts == ["i1#0 0"])
        }
    }

    @Test func `a pod whose sandbox breaks begins again with its init containers`() async throws {
        var setup = SimulationSetup()
        setup.containers = Self.scripts
        try await simulate([pod()], setup) { node in
            try await node.sleep(until: 10)
            node.runtime.breakSandbox("sandbox1")
            try await node.sleep(until: 20)
            #expect(node.starts.dropFirst(5) == ["i1#0 10", "s1#0 12", "i2#0 12", "s2#0 14", "main#1 14"])
            #expect(node.status("p").phase == "Running")
            #expect(node.recorder.texts.contains("SandboxChanged: Pod sandbox changed, it will be killed and re-created."))
            #expect(
                node.journal("sandbox ") == ["sandbox p#0 0", "sandbox p#0 breaks 10", "sandbox p#1 10"].map { String($0.dropFirst(8)) })
        }
    }
}
