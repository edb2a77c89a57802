import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

struct ExplainTests {
    private func core(_ nodes: [NodeInfo], recorded: Int = 16) -> SchedulerCore {
        var configuration = SchedulerConfiguration(seed: 3)
        configuration.recordedAttempts = recorded
        var core = SchedulerCore(configuration)
        for node in nodes { core.set(node, at: .zero) }
        return core
    }

    @Test func `a refused pod: each node with its filter and the numbers`() throws {
        var core = core([
            Make.node("small", cpu: "1"), Make.node("tainted", taints: [Make.taint("gpu", "yes", "NoSchedule")]),
            Make.node("cordoned", more: ["spec": ["unschedulable": true]]),
        ])
        let pod = Make.pod("p", requests: ["cpu": "2"])
        _ = core.set(pod, at: .zero)
        _ = core.step(MachineTime())
        let record = try #require(core.records.attempts(of: pod.key).first)
        #expect(record.node == nil && record.attempt == 1 && record.evaluatedCount == 3 && record.feasibleCount == 0)
        #expect(record.message.hasPrefix("0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were"))
        let details = Dictionary(uniqueKeysWithValues: record.refusals.map { ($0.node, "\($0.plugin): \($0.detail ?? "")") })
        #expect(
            details == [
                "small": "NodeResourcesFit: cpu: asks for 2000m, 1000m of 1000m are free",
                "tainted": "TaintToleration: taint gpu=yes:NoSchedule is not tolerated",
                "cordoned": "NodeUnschedulable: spec.unschedulable is true",
            ])
        let json = record.json
        #expect(json["result"]?.stringValue == "Unschedulable")
        #expect(json["refusals"]?.arrayValue?.count == 3)
        #expect(json["reasons"]?["Insufficient cpu"]?.integerValue == 1)
    }

    @Test func `an assigned pod: the nodes with their points, the one that was taken first`() throws {
        var core = core([Make.node("a"), Make.node("b", cpu: "8"), Make.node("c", cpu: "2")])
        let pod = Make.pod("p", requests: ["cpu": "1", "memory": "1Gi"])
        _ = core.set(pod, at: .zero)
        _ = core.step(MachineTime())
        let record = try #require(core.records.attempts(of: pod.key).first)
        #expect(record.node == "b" && record.feasibleCount == 3)
        #expect(record.scores.map(\.node) == ["b", "a", "c"])
        // cpu 7/8 and memory 7/8 are left: 87; shares of 1/8 each balance: 100.
        let points = Dictionary(uniqueKeysWithValues: record.scores[0].scores.map { ($0.plugin, $0.score) })
        #expect(points["NodeResourcesFit"] == 87 && points["NodeResourcesBalancedAllocation"] == 100 && points["TaintToleration"] == 100)
        #expect(record.scores[0].total == record.scores[0].scores.reduce(0) { $0 + $1.score * $1.weight })
        #expect(record.json["scores"]?[0]?["node"]?.stringValue == "b")
    }

    @Test func `only the last attempts are kept`() {
        var core = core([Make.node("a", cpu: "1000", pods: "1000")], recorded: 16)
        for index in 0..<40 {
            _ = core.set(Make.pod("p\(index)"), at: .zero)
            _ = core.step(MachineTime())
        }
        func isKept(_ index: Int) -> Bool { !core.records.attempts(of: ObjectKey(namespace: "ns", name: "p\(index)")).isEmpty }
        #expect((0..<40).filter { isKept($0) } == Array(24..<40))
    }
}
