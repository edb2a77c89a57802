import APIMachinery
import KubernetesAPI
import Testing

@testable import Scheduler

struct NodeFilterTests {
    @Test func `a node by name`() {
        let cluster = Make.cluster([Make.node("a"), Make.node("b")])
        #expect(
            refusals(NodeNamePlugin(), Make.pod("p", spec: ["nodeName": "a"]), cluster) == [
                "b": "node(s) didn't match the requested node name"
            ])
        #expect(refusals(NodeNamePlugin(), Make.pod("p"), cluster) == [:])
    }

    @Test func `cordoned nodes take only pods that tolerate it`() {
        let cluster = Make.cluster([Make.node("a"), Make.node("b", more: ["spec": ["unschedulable": true]])])
        #expect(refusals(NodeUnschedulable(), Make.pod("p"), cluster) == ["b": "node(s) were unschedulable"])
        let tolerating = Make.pod(
            "q", spec: ["tolerations": [["key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"]]])
        #expect(refusals(NodeUnschedulable(), tolerating, cluster) == [:])
    }

    @Test(
        arguments: [
            (JSONValue.array([]), false), ([["operator": "Exists"]], true), ([["key": "k", "operator": "Exists"]], true),
            ([["key": "k", "operator": "Exists", "effect": "NoExecute"]], false), ([["key": "k", "value": "v"]], true),
            ([["key": "k", "value": "w"]], false), ([["key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"]], true),
            ([["key": "other", "operator": "Exists"]], false),
        ] as [(JSONValue, Bool)])
    func `a taint k=v:NoSchedule`(tolerations: JSONValue, isTolerated: Bool) {
        let cluster = Make.cluster([
            Make.node("a", taints: [Make.taint("k", "v", "NoSchedule")]),
            Make.node("b", taints: [Make.taint("k", "v", "PreferNoSchedule")]),
        ])
        let found = refusals(TaintToleration(), Make.pod("p", spec: ["tolerations": tolerations]), cluster)
        #expect(found == (isTolerated ? [:] : ["a": "node(s) had untolerated taint(s)"]))
    }

    @Test func `soft taints cost points`() {
        let cluster = Make.cluster([
            Make.node("a"), Make.node("b", taints: [Make.taint("x", "", "PreferNoSchedule"), Make.taint("y", "", "PreferNoSchedule")]),
            Make.node("c", taints: [Make.taint("x", "", "PreferNoSchedule")]),
        ])
        #expect(scores(TaintToleration(), Make.pod("p"), cluster) == ["a": 100, "b": 0, "c": 50])
        let tolerating = Make.pod("q", spec: ["tolerations": [["key": "y", "operator": "Exists"]]])
        #expect(scores(TaintToleration(), tolerating, cluster) == ["a": 100, "b": 0, "c": 0])
    }

    @Test(
        arguments: [
            ("In", ["a", "b"], ["n2"]), ("NotIn", ["a"], ["n0"]), ("Exists", [], ["n2"]), ("DoesNotExist", [], ["n0", "n1"]),
            ("Gt", ["5"], ["n0", "n1", "n2"]), ("Lt", ["5"], ["n0", "n1", "n2"]), ("Unknown", [], ["n0", "n1", "n2"]),
        ] as [(String, [String], [String])])
    func `operators of node affinity`(name: String, values: [String], refused: [String]) {
        let cluster = Make.cluster([Make.node("n0", labels: ["z": "a"]), Make.node("n1", labels: ["z": "b"]), Make.node("n2")])
        let expression: JSONValue = ["key": "z", "operator": .string(name), "values": .array(values.map { .string($0) })]
        let pod = Make.pod(
            "p",
            spec: [
                "affinity": [
                    "nodeAffinity": [
                        "requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": [["matchExpressions": [expression]]]]
                    ]
                ]
            ])
        let found = refusals(NodeAffinityPlugin(), pod, cluster)
        #expect(found.keys.sorted() == refused)
        #expect(found.values.allSatisfy { $0 == "node(s) didn't match Pod's node affinity/selector" })
    }

    @Test func `preferred terms add their weights up`() {
        let cluster = Make.cluster([Make.node("a", labels: ["x": "1", "y": "1"]), Make.node("b", labels: ["y": "1"]), Make.node("c")])
        func term(_ key: String, _ weight: Int64) -> JSONValue {
            ["weight": .integer(weight), "preference": ["matchExpressions": [["key": .string(key), "operator": "Exists"]]]]
        }
        let pod = Make.pod(
            "p",
            spec: [
                "affinity": ["nodeAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": [term("x", 30), term("y", 10)]]]
            ])
        #expect(scores(NodeAffinityPlugin(), pod, cluster) == ["a": 100, "b": 25, "c": 0])
    }

    @Test func `host ports clash by port, protocol and address`() {
        func pod(_ name: String, _ port: Int64, _ transport: String = "TCP", _ address: String? = nil) -> PodInfo {
            var entry: JSONValue = ["containerPort": 80, "hostPort": .integer(port), "protocol": .string(transport)]
            if let address { entry["hostIP"] = .string(address) }
            return Make.pod(name, spec: ["containers": [["name": "c", "image": "i", "ports": [entry]]]])
        }
        let cluster = Make.cluster(
            [Make.node("a"), Make.node("b"), Make.node("c")], [(pod("one", 80), "a"), (pod("two", 80, "TCP", "10.0.0.1"), "b")])
        let message = "node(s) didn't have free ports for the requested pod ports"
        #expect(refusals(NodePorts(), pod("p", 80), cluster) == ["a": message, "b": message])
        #expect(refusals(NodePorts(), pod("p", 80, "TCP", "10.0.0.2"), cluster) == ["a": message])
        #expect(refusals(NodePorts(), pod("p", 80, "UDP"), cluster) == [:])
        #expect(refusals(NodePorts(), pod("p", 81), cluster) == [:])
    }

    @Test func `images that are there give points by size and spread`() {
        func node(_ name: String, _ images: [(String, Int64)]) -> NodeInfo {
            Make.node(
                name,
                more: [
                    "status": [
                        "images": .array(images.map { ["names": [.string($0.0)], "sizeBytes": .integer($0.1)] })
                    ]
                ])
        }
        let megabyte: Int64 = 1 << 20
        let cluster = Make.cluster([
            node("a", [("busybox:latest", 600 * megabyte)]), node("b", [("busybox:latest", 600 * megabyte)]), node("c", []), node("d", []),
        ])
        // Half of the nodes have it: 300 MiB count; 100 * (300 - 23) / (1000 - 23) = 28.
        #expect(scores(ImageLocality(), Make.pod("p"), cluster) == ["a": 28, "b": 28, "c": 0, "d": 0])
        #expect(ImageLocality.score(bytes: 5000 * megabyte, containers: 1) == 100)
    }
}
