import APIMachinery
@testable import Controllers
import KubernetesAPI
import Testing

struct NodeDecisionTests {
    private func node(
        _ name: String = "n", ready: String = "True", zone: String = "", taints: [Taint] = [], unschedulable: Bool = false,
        pressure: String? = nil
    ) -> Node {
        Node {
            $0.metadata.name = name
            if !zone.isEmpty { $0.metadata.labels["topology.kubernetes.io/zone"] = zone }
            $0.spec.taints = taints
            if unschedulable { $0.spec.unschedulable = true }
            $0.status.conditions = [condition("Ready", ready)] + (pressure.map { [condition($0, "True")] } ?? [])
        }
    }

    private func condition(_ type: String, _ status: String) -> NodeCondition {
        NodeCondition {
            $0.type = type
            $0.status = status
        }
    }

    private func taint(_ key: String, _ effect: String) -> Taint {
        Taint {
            $0.key = key
            $0.effect = effect
        }
    }

    private func text(_ taints: [Taint]) -> [String] { taints.map { "\($0.key):\($0.effect)" } }
    private let now = Timestamp(seconds: 1000, nanoseconds: 0)

    @Test(arguments: [
        ("True", false, nil as String?, []),
        ("False", false, nil, ["node.kubernetes.io/not-ready:NoSchedule"]),
        ("Unknown", false, nil, ["node.kubernetes.io/unreachable:NoSchedule"]),
        ("True", true, nil, ["node.kubernetes.io/unschedulable:NoSchedule"]),
        ("True", false, "MemoryPressure", ["node.kubernetes.io/memory-pressure:NoSchedule"]),
        ("True", false, "NetworkUnavailable", ["node.kubernetes.io/network-unavailable:NoSchedule"]),
    ])
    func `taints that keep pods away follow the conditions`(ready: String, unschedulable: Bool, pressure: String?, expected: [String]) {
        let keep = taint("k", "NoSchedule")
        let stale = taint("node.kubernetes.io/disk-pressure", "NoSchedule")
        let other = taint("node.kubernetes.io/not-ready", "NoExecute")
        let one = node(ready: ready, taints: [keep, stale, other], unschedulable: unschedulable, pressure: pressure)
        #expect(
            text(NodeTaints.schedulingTaints(of: one, now: now)) == ["k:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"] + expected)
    }

    @Test func `the taint by which pods are evicted is one of two`() {
        let one = node(taints: [taint("node.kubernetes.io/not-ready", "NoExecute"), taint("k", "NoExecute")])
        #expect(
            text(NodeTaints.evictionTaints(of: one, key: NodeTaints.unreachable, now: now)) == [
                "k:NoExecute", "node.kubernetes.io/unreachable:NoExecute",
            ])
        #expect(text(NodeTaints.evictionTaints(of: one, key: nil, now: now)) == ["k:NoExecute"])
        #expect(NodeTaints.evictionTaints(of: one, key: NodeTaints.notReady, now: now) == one.spec.taints)
    }

    @Test func `a node is lost when neither status nor lease was heard for the grace period`() {
        var health = NodeHealth(now: .zero)
        let one = node()
        health.see(one, renewal: nil, now: .zero)
        #expect(!health.isLost(one, now: .seconds(50)))
        #expect(health.isLost(one, now: .seconds(51)))
        health.see(one, renewal: MicroTimestamp(now), now: .seconds(40))
        #expect(!health.isLost(one, now: .seconds(90)))
        #expect(health.isLost(one, now: .seconds(91)))
        let silent = Node { $0.metadata.name = "n" }
        #expect(!NodeHealth(now: .zero).isLost(silent, now: .seconds(60)))
        #expect(NodeHealth(now: .zero).isLost(silent, now: .seconds(61)))
    }

    @Test func `a lost node's conditions are unknown, those never told too`() {
        let conditions = NodeHealth.lostConditions(of: node(), now: now)
        #expect(
            conditions.map { "\($0.type) \($0.status) \($0.reason ?? "") \($0.message ?? "")" } == [
                "Ready Unknown NodeStatusUnknown Kubelet stopped posting node status.",
                "MemoryPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.",
                "DiskPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.",
                "PIDPressure Unknown NodeStatusNeverUpdated Kubelet never posted node status.",
            ])
    }

    @Test(arguments: [
        (5, 0, ZoneState.normal), (0, 1, .fullyDisrupted), (0, 0, .normal), (1, 2, .normal), (2, 3, .partlyDisrupted), (10, 10, .normal),
    ])
    func `a zone's state follows from how many nodes are not ready`(ready: Int, notReady: Int, expected: ZoneState) {
        #expect(ZoneState(ready: ready, notReady: notReady) == expected)
    }

    @Test func `nodes are emptied at their zone's rate, and not at all when every zone is lost`() {
        var gate = EvictionGate()
        let lost = (1...3).map { node("l\($0)", ready: "Unknown", zone: "a") }
        gate.see(lost + (1...3).map { node("r\($0)", zone: "a") })
        let first = lost.map { gate.lets($0, at: .zero) }
        #expect(first == [true, false, false])
        let second = gate.lets(lost[1], at: .seconds(10))
        #expect(second)
        gate.see(lost + [node("r", zone: "a")])
        let third = gate.lets(lost[1], at: .seconds(1000))
        #expect(!third)
        gate.see(lost)
        #expect(gate.isShut)
        gate.see(lost + [node("r", zone: "b")])
        let fourth = gate.lets(lost[0], at: .seconds(2000))
        #expect(!gate.isShut && fourth)
    }

    @Test func `a pod stays as long as its tolerations say`() {
        func toleration(_ key: String, seconds: Int64? = nil, value: String? = nil) -> Toleration {
            Toleration {
                $0.key = key
                $0.operator = value == nil ? "Exists" : "Equal"
                $0.value = value
                $0.effect = "NoExecute"
                $0.tolerationSeconds = seconds
            }
        }
        let taints = [taint("a", "NoExecute"), taint("b", "NoExecute"), taint("c", "NoSchedule")]
        #expect(TaintTolerance([], [taint("c", "NoSchedule")]) == .stay)
        #expect(TaintTolerance([toleration("a")], taints) == .evict(after: .zero))
        #expect(TaintTolerance([toleration("a"), toleration("b")], taints) == .stay)
        #expect(TaintTolerance([toleration("a", seconds: 300), toleration("b", seconds: 10)], taints) == .evict(after: .seconds(10)))
        #expect(TaintTolerance([toleration("", seconds: -5)], taints) == .evict(after: .zero))
        #expect(TaintTolerance([toleration("a", value: "v"), toleration("b")], taints) == .evict(after: .zero))
    }

    @Test func `each node gets a part of the pod network`() throws {
        let range = try #require(AddressRange("10.244.0.0/16"))
        #expect(range.count == 256 && range[0] == "10.244.0.0/24" && range[255] == "10.244.255.0/24")
        let wide = try #require(AddressRange("fd00:1::/56"))
        #expect(wide.count == 256 && wide[3] == "fd00:1:0:3::/64")
        #expect(AddressRange("10.244.0.0/25")?.count == 1)
        #expect(AddressRange("nonsense") == nil && AddressRange("10.0.0.0/40") == nil)
        #expect(NodeAddressing.choose(from: [range], used: ["10.244.0.0/24", "10.244.2.0/24"]) == ["10.244.1.0/24"])
        #expect(NodeAddressing.choose(from: [try #require(AddressRange("10.0.0.0/24"))], used: ["10.0.0.0/24"]) == nil)
    }

    @Test(arguments: [
        ("10.244.3.0/24", 3...3), ("10.244.3.128/25", 3...3), ("10.244.4.0/22", 4...7), ("10.244.0.0/16", 0...255),
        ("10.0.0.0/8", 0...255), ("10.245.0.0/24", nil), ("fd00::/64", nil), ("nonsense", nil),
    ])
    func `whatever overlaps a part takes it`(network: String, parts: ClosedRange<Int>?) throws {
        #expect(try #require(AddressRange("10.244.0.0/16")).parts(of: network) == parts)
    }

    @Test func `who claims another's network is told, not who had it first`() {
        func node(_ name: String, _ network: String, _ second: Int64) -> Node {
            Node {
                $0.metadata.name = name
                $0.metadata.creationTimestamp = Timestamp(seconds: second, nanoseconds: 0)
                $0.spec.podCIDRs = [network]
            }
        }
        let (first, second, third) = (node("a", "10.244.0.0/23", 1), node("b", "10.244.1.0/24", 2), node("c", "10.244.2.0/24", 3))
        #expect(NodeAddressing.clash(first, [second, third]) == nil)
        #expect(NodeAddressing.clash(second, [first, third]) == "10.244.1.0/24 overlaps 10.244.0.0/23 of node a")
        #expect(NodeAddressing.clash(third, [first, second]) == nil)
    }

    @Test(arguments: [
        ("system:node:a", ["a"], ["192.0.2.1"], "system:node:a", ["system:nodes"], true),
        ("system:node:a", ["a", "b"], ["192.0.2.1"], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a"], ["192.0.2.1", "192.0.2.2"], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a"], [], "system:node:b", ["system:nodes"], false),
        ("system:node:b", ["a"], [], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a"], [], "system:node:a", ["system:authenticated"], false),
        // What it says of itself, but is another node's, the control plane's or a service's.
        ("system:node:a", ["a"], ["192.0.2.9"], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a"], ["192.0.2.10"], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a"], ["127.0.0.1"], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a", "api.example"], [], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a", "kubernetes.default.svc"], [], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a", "kubernetes"], [], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a", "other"], [], "system:node:a", ["system:nodes"], false),
        ("system:node:a", ["a", "a.example"], [], "system:node:a", ["system:nodes"], true),
    ])
    func `a node gets a certificate for what it is known by`(
        commonName: String, names: [String], addresses: [String], user: String, groups: [String], isItsOwn: Bool
    ) {
        func node(_ name: String, _ told: [(type: String, address: String)]) -> Node {
            Node {
                $0.metadata.name = name
                $0.status.addresses = told.map { type, address in
                    NodeAddress {
                        $0.type = type
                        $0.address = address
                    }
                }
            }
        }
        let claims = ["a", "a.example", "other", "api.example", "kubernetes", "kubernetes.default.svc"].map { ("InternalDNS", $0) }
        let own = node(
            "a",
            claims + [("InternalIP", "192.0.2.1"), ("ExternalIP", "192.0.2.9"), ("ExternalIP", "192.0.2.10"), ("InternalIP", "127.0.0.1")])
        let other = node("other", [("InternalIP", "192.0.2.9")])
        let approval = ServingApproval(names: ["api.example"], addresses: [IPAddress(bytes: [192, 0, 2, 10])])
        let bytes = addresses.compactMap { IPAddress($0)?.bytes }
        #expect(
            SignerRules.isForItself(
                commonName, names: names, addresses: bytes, username: user, groups: groups, own, others: [other], approval) == isItsOwn)
    }

    @Test func `each node's DNS server is meant for its own pods`() {
        func node(_ name: String, _ address: String?, isReady: Bool = true) -> Node {
            Node {
                $0.metadata.name = name
                $0.metadata.annotations = address.map { [NodeDNSSlice.annotation: $0] } ?? [:]
                $0.status.conditions = [
                    NodeCondition {
                        $0.type = "Ready"
                        $0.status = isReady ? "True" : "Unknown"
                    }
                ]
            }
        }
        let nodes = [
            node("b", "10.74.1.1", isReady: false), node("a", "10.74.0.1"), node("c", nil), node("d", "nonsense"), node("e", "10.74.2.1"),
        ]
        let endpoints = NodeDNSSlice.endpoints(nodes, except: "e")
        #expect(endpoints.map(\.addresses) == [["10.74.0.1"], ["10.74.1.1"]])
        #expect(endpoints.map { $0.hints?.forNodes.map(\.name) } == [["a"], ["b"]])
        #expect(endpoints.map { $0.conditions?.ready } == [true, false])
    }

    @Test func `pods that nobody ends are collected`() {
        func pod(_ name: String, node: String, phase: String = "Running", deleted: Bool = false, age: Int64 = 0, reason: String? = nil)
            -> Pod
        {
            boundPod(name, node: node) {
                $0.status.phase = phase
                $0.status.reason = reason
                $0.metadata.creationTimestamp = Timestamp(seconds: 1000 - age, nanoseconds: 0)
                if deleted { $0.metadata.deletionTimestamp = now }
            }
        }
        var off = node("off", ready: "Unknown")
        off.spec.taints = [taint("node.kubernetes.io/out-of-service", "NoExecute")]
        let pods = [
            pod("runs", node: "n"), pod("orphan", node: "gone"), pod("unscheduled", node: "", deleted: true), pod("waits", node: ""),
            pod("off", node: "off", deleted: true), pod("stays", node: "off"), pod("old", node: "n", phase: "Failed", age: 9),
            pod("new", node: "n", phase: "Succeeded", age: 1), pod("evicted", node: "n", phase: "Failed", age: 0, reason: "Evicted"),
        ]
        let collection = PodCollection(pods: pods, nodes: ["n": node(), "off": off], threshold: 1)
        #expect(collection.victims.compactMap(\.pod.metadata.name) == ["evicted", "old", "unscheduled", "off"])
        #expect(collection.orphans.compactMap(\.metadata.name) == ["orphan"])
    }
}
