import APIMachinery
import CRI
import HTTPClient
import KubernetesAPI
import KubernetesClient
import TestSupport
import Testing

@testable import Kubelet

/// Ends at the stop signal with 0.
private let obedient: SimulatedRuntime.ContainerScripts = { _, _ in ContainerScript(stop: .exits(after: .zero, code: 0)) }
private let stubborn: SimulatedRuntime.ContainerScripts = { _, _ in ContainerScript(stop: .ignores) }

struct ClusterTests {
    @Test func `a pod runs, its deletion ends it, its last status stands before its object goes`() async throws {
        var setup = SimulationSetup()
        setup.containers = obedient
        try await TestCluster.run(setup) { cluster in
            try await cluster.withKubelet { kubelet in
                let made = try await cluster.create(makePod("p"))
                let running = try await cluster.waitFor("p") { $0.isRunning }
                #expect(running.status.observedGeneration == 1)
                #expect(running.status.podIP?.isEmpty == false)
                #expect(running.status.hostIPs.map(\.ip) == ["192.0.2.1"])
                let deleted = WatchedEnd()
                let watch = try await deleted.begin(cluster)
                try await cluster.pods().delete("p")
                try await cluster.waitUntilGone("p")
                let last = try await deleted.last(of: watch)
                #expect(last.status.phase == "Succeeded")
                #expect(last.status.containerStatuses.first?.state.terminated?.exitCode == 0)
                #expect(last.status.observedGeneration == last.metadata.generation)
                let end = try #require(cluster.link.podWrites.last)
                #expect(end.method == "DELETE")
                #expect(end.body["gracePeriodSeconds"] == 0)
                #expect(end.body["preconditions"] == ["uid": .string(made.uid)])
                await kubelet.waitUntilRemoved(made.uid)
                #expect(kubelet.pods.isEmpty)
                #expect(try await cluster.runtime.listPodSandbox(PodSandboxFilter()).isEmpty)
            }
        }
    }

    @Test func `a forced deletion ends the pod though its object is gone`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet { kubelet in
                let made = try await cluster.create(makePod("p"))
                _ = try await cluster.waitFor("p") { $0.isRunning }
                try await cluster.pods().delete("p", gracePeriodSeconds: 0)
                await kubelet.waitUntilRemoved(made.uid)
                #expect(try await cluster.runtime.listContainers(ContainerFilter()).isEmpty)
                #expect(cluster.link.podWrites.allSatisfy { $0.method != "DELETE" })
            }
        }
    }

    @Test func `a later deletion with less time counts`() async throws {
        var setup = SimulationSetup()
        setup.containers = stubborn
        try await TestCluster.run(setup, speed: 10) { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p") { $0.spec.terminationGracePeriodSeconds = 3_600 })
                _ = try await cluster.waitFor("p") { $0.isRunning }
                try await cluster.pods().delete("p")
                _ = try await cluster.waitFor("p") { $0.status.observedGeneration == 2 }
                try await cluster.pods().delete("p", gracePeriodSeconds: 2)
                try await cluster.waitUntilGone("p")
                #expect(cluster.clock.elapsed < .seconds(600))
            }
        }
    }

    @Test func `conditions and changes of others are kept, and a readiness gate opens the pod`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(
                    makePod("p") { $0.spec.readinessGates = [PodReadinessGate { $0.conditionType = "example.com/gate" }] })
                let closed = try await cluster.waitFor("p") { $0.status.phase == "Running" }
                #expect(closed.condition("Ready")?.reason == "ReadinessGatesNotReady")
                let gate: JSONValue = ["status": ["conditions": [["type": "example.com/gate", "status": "True"]]]]
                _ = try await cluster.pods().patch("p", .strategicMerge, gate, subresource: "status")
                let open = try await cluster.waitFor("p") { $0.isRunning }
                #expect(open.condition("example.com/gate")?.status == "True")
            }
        }
    }

    @Test func `a status that somebody has damaged is mended`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p"))
                _ = try await cluster.waitFor("p") { $0.isRunning }
                _ = try await cluster.pods().patch("p", .merge, ["status": ["phase": "Pending", "podIP": .null]], subresource: "status")
                _ = try await cluster.waitFor("p") { $0.isRunning && $0.status.podIP != nil }
            }
        }
    }

    @Test func `a pod that others have declared failed is ended`() async throws {
        var setup = SimulationSetup()
        setup.containers = obedient
        try await TestCluster.run(setup) { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p"))
                _ = try await cluster.waitFor("p") { $0.isRunning }
                let verdict: JSONValue = ["status": ["phase": "Failed", "reason": "Preempting", "message": "for another"]]
                _ = try await cluster.pods().patch("p", .strategicMerge, verdict, subresource: "status")
                let failed = try await cluster.waitFor("p") { $0.status.containerStatuses.first?.state.terminated != nil }
                #expect(failed.status.phase == "Failed")
                #expect(failed.status.reason == "Preempting")
            }
        }
    }

    @Test func `the next agent goes on with what runs, and says nothing new of it`() async throws {
        try await TestCluster.run { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p"))
                _ = try await cluster.waitFor("p") { $0.isRunning }
            }
            let before = try #require(try await cluster.pod("p"))
            let count = cluster.link.podWrites.count
            try await cluster.withKubelet { kubelet in
                _ = await kubelet.waitForSources()
                #expect(try await eventually { kubelet.podStatuses[before.uid]?.phase == "Running" })
                try await cluster.create(makePod("q"))
                _ = try await cluster.waitFor("q") { $0.isRunning }
                #expect(try await cluster.pod("p")?.status == before.status)
            }
            #expect(cluster.link.podWrites.dropFirst(count).allSatisfy { !$0.path.contains("/pods/p") })
            #expect(cluster.runtime.journal.count { $0.text.hasPrefix("start ") } == 2)
        }
    }

    @Test func `a pod deleted while no agent ran is ended by the next one, and its end is told`() async throws {
        var setup = SimulationSetup()
        setup.containers = obedient
        try await TestCluster.run(setup) { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p"))
                try await cluster.create(makePod("gone"))
                for name in ["p", "gone"] { _ = try await cluster.waitFor(name) { $0.isRunning } }
            }
            try await cluster.pods().delete("p")
            try await cluster.pods().delete("gone", gracePeriodSeconds: 0)
            try await cluster.withKubelet { _ in
                try await cluster.waitUntilGone("p")
                // Nobody names the other any more.
                #expect(try await eventually { try await cluster.runtime.listPodSandbox(PodSandboxFilter()).isEmpty })
            }
        }
    }

    @Test func `without an API server pods go on; everything is told once it is back`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, container in
            container.name == "ends" ? .exits(after: .seconds(100), code: 3) : ContainerScript(stop: .exits(after: .zero, code: 0))
        }
        try await TestCluster.run(setup, speed: 20) { cluster in
            try await cluster.withKubelet { kubelet in
                let ends = try await cluster.create(makePod("ends", containers: ["ends"]) { $0.spec.restartPolicy = "Never" })
                try await cluster.create(makePod("deleted"))
                for name in ["ends", "deleted"] { _ = try await cluster.waitFor(name) { $0.isRunning } }
                cluster.link.cut()
                try await cluster.pods().delete("deleted")
                try await cluster.create(makePod("new"))
                #expect(try await eventually { kubelet.podStatuses[ends.uid]?.phase == "Failed" })
                #expect(try await cluster.pod("ends")?.status.phase == "Running")
                cluster.link.mend()
                let ended = try await cluster.waitFor("ends") { $0.status.phase == "Failed" }
                #expect(ended.status.containerStatuses.first?.state.terminated?.exitCode == 3)
                try await cluster.waitUntilGone("deleted")
                _ = try await cluster.waitFor("new") { $0.isRunning }
            }
        }
    }

    @Test func `a pod that has ended stays as it is over a restart of the agent`() async throws {
        var setup = SimulationSetup()
        setup.containers = { _, _ in .exits(after: .milliseconds(10), code: 3) }
        try await TestCluster.run(setup) { cluster in
            try await cluster.withKubelet { _ in
                try await cluster.create(makePod("p") { $0.spec.restartPolicy = "Never" })
                try await cluster.create(makePod("big") { $0.spec.containers[0].resources.requests = quantities(["cpu": "5"]) })
                for name in ["p", "big"] { _ = try await cluster.waitFor(name) { $0.status.phase == "Failed" } }
            }
            let before = [try await cluster.pod("p")?.status, try await cluster.pod("big")?.status]
            try await cluster.withKubelet { kubelet in
                _ = await kubelet.waitForSources()
                #expect(try await eventually { kubelet.podStatuses.count == 2 })
                try await cluster.create(makePod("q"))
                _ = try await cluster.waitFor("q") { $0.status.phase == "Running" || $0.status.phase == "Failed" }
                let after = [try await cluster.pod("p")?.status, try await cluster.pod("big")?.status]
                #expect(after == before)
                for name in ["p", "big"] {
                    try await cluster.pods().delete(name)
                    try await cluster.waitUntilGone(name)
                }
            }
        }
    }
}

extension Pod {
    func condition(_ type: String) -> PodCondition? { status.conditions.first { $0.type == type } }
}

/// The last state of a pod that is deleted.
private struct WatchedEnd {
    func begin(_ cluster: TestCluster) async throws -> WatchStream<Pod> {
        let revision = try await cluster.pods().list().metadata.resourceVersion
        return try await cluster.pods().watch(ListOptions { $0.resourceVersion = revision })
    }

    func last(of watch: WatchStream<Pod>) async throws -> Pod {
        for try await event in watch {
            if case .deleted(let pod) = event { return pod }
        }
        throw TransportError("the watch ended")
    }
}
