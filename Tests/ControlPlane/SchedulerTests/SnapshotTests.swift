import APIMachinery
import KubernetesAPI
import Testing

@testable import Scheduler

/// The snapshot that is kept true by each change says the same as one that is made from nothing, whatever happened.
struct SnapshotTests {
    /// Objects of a random cluster, few enough that names come again.
    private struct World {
        var random: SeededRandom
        var nodes: [String: NodeInfo] = [:]
        var placed: [String: (pod: PodInfo, node: String)] = [:]
        var namespaces: [String: [String: String]] = [:]

        mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

        mutating func node() -> NodeInfo {
            let index = number(0..<12)
            var labels: [String: String] = [:]
            if number(0..<4) > 0 { labels["zone"] = "z\(number(0..<3))" }
            if number(0..<3) == 0 { labels["topology.kubernetes.io/zone"] = "t\(number(0..<2))" }
            let taints = number(0..<5) == 0 ? [Make.taint("k", "", number(0..<2) == 0 ? "NoSchedule" : "PreferNoSchedule")] : []
            let images: JSONValue = number(0..<2) == 0 ? [["names": ["busybox:latest"], "sizeBytes": 400_000_000]] : []
            return Make.node(
                "n\(index)", cpu: "\(number(2..<9))", pods: "\(number(3..<12))", labels: labels, taints: taints,
                more: ["spec": ["unschedulable": .bool(number(0..<8) == 0)], "status": ["images": images]])
        }

        mutating func term(_ key: String? = nil) -> JSONValue {
            var term: JSONValue = [
                "labelSelector": ["matchLabels": ["app": .string("a\(number(0..<3))")]],
                "topologyKey": .string(key ?? ["zone", "kubernetes.io/hostname"][number(0..<2)]),
            ]
            switch number(0..<4) {
            case 0: term = term.merging(["namespaceSelector": ["matchLabels": ["team": .string("t\(number(0..<2))")]]])
            case 1: term = term.merging(["namespaces": ["ns0", "ns1"]])
            default: break
            }
            return term
        }

        mutating func pod(_ name: String) -> PodInfo {
            var spec = JSONObject()
            var affinity = JSONObject()
            let required = "requiredDuringSchedulingIgnoredDuringExecution"
            let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
            if number(0..<4) == 0 { affinity["podAntiAffinity"] = [required: [term()]] }
            if number(0..<5) == 0 { affinity["podAffinity"] = [required: [term()]] }
            if number(0..<4) == 0 {
                affinity["podAffinity"] = [preferred: [["weight": .integer(Int64(number(1..<50))), "podAffinityTerm": term()]]]
            }
            if !affinity.members.isEmpty { spec["affinity"] = .object(affinity) }
            if number(0..<3) == 0 {
                spec["topologySpreadConstraints"] = [
                    [
                        "maxSkew": .integer(Int64(number(1..<3))), "topologyKey": "zone",
                        "whenUnsatisfiable": .string(["DoNotSchedule", "ScheduleAnyway"][number(0..<2)]),
                        "labelSelector": ["matchLabels": ["app": .string("a\(number(0..<3))")]],
                    ]
                ]
            }
            if number(0..<5) == 0 {
                spec["containers"] = [["name": "c", "image": "busybox", "ports": [["containerPort": 80, "hostPort": 80]]]]
            }
            if number(0..<4) == 0 { spec["tolerations"] = [["operator": "Exists"]] }
            let metadata: JSONObject = [
                "metadata": ["namespace": .string("ns\(number(0..<3))")]
            ]
            var more = metadata
            if number(0..<8) == 0 { more["metadata"] = ["namespace": "ns0", "deletionTimestamp": "2026-01-01T00:00:00Z"] }
            return Make.pod(
                name, requests: ["cpu": "\(number(1..<20) * 100)m"], labels: ["app": "a\(number(0..<3))"], priority: Int32(number(0..<3)),
                spec: spec, more: more)
        }

        /// From nothing, in the order in which nodes are tried.
        func fresh(_ order: [String]) -> ClusterSnapshot {
            var cluster = ClusterSnapshot()
            for (name, labels) in namespaces { cluster.namespaces[name] = labels }
            for name in order { if let node = nodes[name] { cluster.set(node) } }
            for (pod, node) in placed.values.sorted(by: { $0.pod.uid < $1.pod.uid }) { cluster.place(pod, on: node) }
            return cluster
        }
    }

    private func change(_ world: inout World, _ cluster: inout ClusterSnapshot) {
        switch world.number(0..<10) {
        case 0, 1:
            let node = world.node()
            world.nodes[node.name] = node
            cluster.set(node)
        case 2:
            let name = "n\(world.number(0..<12))"
            world.nodes[name] = nil
            cluster.removeNode(name)
        case 3:
            let name = "ns\(world.number(0..<3))"
            world.namespaces[name] = ["team": "t\(world.number(0..<2))"]
            cluster.namespaces[name] = world.namespaces[name] ?? [:]
        case 4, 5:
            let uid = "uid-p\(world.number(0..<40))"
            world.placed[uid] = nil
            cluster.removePod(uid)
        default:
            let pod = world.pod("p\(world.number(0..<40))")
            // Some of them on nodes that nobody knows.
            let node = "n\(world.number(0..<14))"
            world.placed[pod.uid] = (pod, node)
            cluster.place(pod, on: node)
        }
    }

    @Test(arguments: 0..<60)
    func `kept true and made anew agree on every decision`(seed: UInt64) {
        var world = World(random: SeededRandom(seed: seed))
        var cluster = ClusterSnapshot()
        let profile = SchedulingProfile.default
        for step in 0..<120 {
            change(&world, &cluster)
            guard step % 4 == 3 else { continue }
            let pod = world.pod("new\(step)")
            cluster.prepare(for: pod)
            let fresh = world.fresh(cluster.order.map { cluster.nodes[$0]?.name ?? "" })
            #expect(cluster.podCount == world.placed.count)
            compare(profile, pod, cluster, fresh)
        }
    }

    private func compare(_ profile: SchedulingProfile, _ pod: PodInfo, _ kept: ClusterSnapshot, _ fresh: ClusterSnapshot) {
        // The order may differ where zones came at different times; names tell nodes apart.
        func judge(_ cluster: ClusterSnapshot) -> (refusals: [String: String], scores: [String: Int64], counts: [Int]) {
            var random = SeededRandom(seed: 7)
            let decision = profile.decide(pod, cluster, random: &random)
            var refusals: [String: String] = [:]
            for (slot, refusal) in decision.diagnosis.refusals {
                refusals[cluster.nodes[slot]?.name ?? ""] = "\(refusal.plugin): \(refusal.message)"
            }
            var scores: [String: Int64] = [:]
            for (index, slot) in decision.feasible.enumerated() where !decision.totals.isEmpty {
                scores[cluster.nodes[slot]?.name ?? ""] = decision.totals[index]
            }
            let counts = [
                cluster.nodeCount, cluster.unschedulableNodeCount, cluster.hardTaintedNodeCount, cluster.softTaintedNodeCount,
                cluster.antiAffinityTerms.all.count, cluster.affinityTerms.all.count, cluster.preferredTerms.all.count,
            ]
            return (refusals, scores, counts)
        }
        let (left, right) = (judge(kept), judge(fresh))
        #expect(left.refusals == right.refusals)
        #expect(left.scores == right.scores)
        #expect(left.counts == right.counts)
        let usage = { (cluster: ClusterSnapshot) in
            Dictionary(uniqueKeysWithValues: cluster.order.map { (cluster.nodes[$0]?.name ?? "", cluster.usage[$0]) })
        }
        #expect(usage(kept) == usage(fresh))
    }

    @Test func `nodes are tried zone by zone in turn`() {
        let zone = "topology.kubernetes.io/zone"
        let cluster = Make.cluster([
            Make.node("a1", labels: [zone: "a"]), Make.node("a2", labels: [zone: "a"]), Make.node("a3", labels: [zone: "a"]),
            Make.node("b1", labels: [zone: "b"]), Make.node("c1", labels: [zone: "c"]),
        ])
        #expect(cluster.order.map { cluster.nodes[$0]?.name } == ["a1", "b1", "c1", "a2", "a3"])
    }

    @Test(arguments: [(10, 10), (100, 100), (101, 100), (1000, 420), (5000, 500), (10_000, 500)])
    func `how many nodes are enough`(nodes: Int, wanted: Int) {
        #expect(SchedulingProfile.default.feasibleNodesWanted(of: nodes) == wanted)
    }
}
