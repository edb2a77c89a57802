import APIMachinery
import KubernetesAPI
import KubernetesClient
import Testing

@testable import Scheduler

struct SpreadTests {
    private func spread(
        _ key: String = "zone", maxSkew: Int64 = 1, _ action: String = "DoNotSchedule", more: JSONObject = JSONObject()
    ) -> JSONValue {
        let base: JSONValue = [
            "maxSkew": .integer(maxSkew), "topologyKey": .string(key), "whenUnsatisfiable": .string(action),
            "labelSelector": ["matchLabels": ["app": "x"]],
        ]
        return base.merging(.object(more))
    }

    private func pod(_ name: String, _ constraints: JSONValue..., labels: [String: String] = ["app": "x"], more: JSONObject = JSONObject())
        -> PodInfo
    {
        var spec = more
        spec["topologySpreadConstraints"] = .array(constraints)
        return Make.pod(name, labels: labels, spec: spec)
    }

    private let nodes = [
        Make.node("a1", labels: ["zone": "a"]), Make.node("a2", labels: ["zone": "a"]), Make.node("b1", labels: ["zone": "b"]),
        Make.node("none"),
    ]
    private let skewed = "node(s) didn't match pod topology spread constraints"
    private let missing = "node(s) didn't match pod topology spread constraints (missing required label)"

    @Test func `the fullest domain is closed and a node without the label too`() {
        let other = Make.pod("other", labels: ["app": "x"])
        let cluster = Make.cluster(nodes, [(other, "a1")])
        #expect(refusals(PodTopologySpread(), pod("p", spread()), cluster) == ["a1": skewed, "a2": skewed, "none": missing])
        #expect(refusals(PodTopologySpread(), pod("p", spread(maxSkew: 2)), cluster) == ["none": missing])
        // A pod that does not match its own selector adds nothing: the skew stays 1.
        #expect(refusals(PodTopologySpread(), pod("p", spread(), labels: [:]), cluster) == ["none": missing])
    }

    @Test func `too few domains make the smallest count zero`() {
        let placed = [("a1", "one"), ("b1", "two")].map { (Make.pod($0.1, labels: ["app": "x"]), $0.0) }
        let cluster = Make.cluster(nodes, placed)
        #expect(refusals(PodTopologySpread(), pod("p", spread()), cluster) == ["none": missing])
        #expect(
            refusals(PodTopologySpread(), pod("p", spread(more: ["minDomains": 3])), cluster) == [
                "a1": skewed, "a2": skewed, "b1": skewed, "none": missing,
            ])
    }

    @Test func `policies say which nodes count`() {
        // Zone c is empty but its node is tainted, and does not match the selector.
        let tainted = Make.node("c1", labels: ["zone": "c", "not": "chosen"], taints: [Make.taint("k", "", "NoSchedule")])
        let placed = [("a1", "one"), ("b1", "two")].map { (Make.pod($0.1, labels: ["app": "x"]), $0.0) }
        let cluster = Make.cluster(nodes + [tainted], placed)
        #expect(refusals(PodTopologySpread(), pod("p", spread()), cluster).count == 4)
        #expect(refusals(PodTopologySpread(), pod("p", spread(more: ["nodeTaintsPolicy": "Honor"])), cluster) == ["none": missing])
        let selecting: JSONObject = [
            "affinity": [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        "nodeSelectorTerms": [["matchExpressions": [["key": "not", "operator": "DoesNotExist"]]]]
                    ]
                ]
            ]
        ]
        #expect(refusals(PodTopologySpread(), pod("p", spread(), more: selecting), cluster) == ["none": missing])
        let ignoring = spread(more: ["nodeAffinityPolicy": "Ignore"])
        #expect(refusals(PodTopologySpread(), pod("p", ignoring, more: selecting), cluster).count == 4)
    }

    @Test func `matchLabelKeys tell generations apart and terminating pods do not count`() {
        let old = Make.pod("old", labels: ["app": "x", "hash": "1"])
        let going = Make.pod(
            "going", labels: ["app": "x", "hash": "2"], more: ["metadata": ["deletionTimestamp": "2026-01-01T00:00:00Z"]])
        let cluster = Make.cluster(nodes, [(old, "a1"), (going, "b1")])
        let keyed = spread(more: ["matchLabelKeys": ["hash"]])
        #expect(refusals(PodTopologySpread(), pod("p", keyed, labels: ["app": "x", "hash": "2"]), cluster) == ["none": missing])
    }

    @Test func `soft spreading by hand`() {
        // Domains a (2 pods) and b (1): weight ln(2 + 2) = 1.386; a: round(2.77) = 3, b: round(1.39) = 1.
        // 100 * (3 + 1 - 3) / 3 = 33; 100 * (3 + 1 - 1) / 3 = 100.
        let placed = [("a1", "one"), ("a2", "two"), ("b1", "three")].map { (Make.pod($0.1, labels: ["app": "x"]), $0.0) }
        let cluster = Make.cluster(nodes, placed)
        let soft = pod("p", spread("zone", maxSkew: 1, "ScheduleAnyway"))
        #expect(scores(PodTopologySpread(), soft, cluster) == ["a1": 33, "a2": 33, "b1": 100, "none": 0])
        #expect(scores(PodTopologySpread(), pod("q"), cluster) == [:])
    }

    @Test func `a pod of a service is spread over hosts and zones by itself`() {
        let placed = [("a1", "one"), ("a1", "two"), ("a2", "three")].map { (Make.pod($0.1, labels: ["app": "x"]), $0.0) }
        var cluster = Make.cluster(nodes, placed)
        #expect(scores(PodTopologySpread(), Make.pod("p", labels: ["app": "x"]), cluster) == [:])
        cluster.owners.setService(ObjectKey(namespace: "ns", name: "web"), selector: ["app": "x"])
        // Hosts: ln(4 + 2) = 1.79; zone label topology.kubernetes.io/zone is on no node: nothing. a1: round(2 * 1.79 + 2) = 6, a2: 4,
        // others 2: 100 * (6 + 2 - s) / 6.
        #expect(
            scores(PodTopologySpread(), Make.pod("p", labels: ["app": "x"]), cluster) == ["a1": 33, "a2": 66, "b1": 100, "none": 100])
    }
}
