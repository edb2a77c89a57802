import APIMachinery
import KubernetesAPI
import Testing

@testable import Scheduler

struct AffinityTests {
    private func term(_ app: String, _ key: String = "zone", more: JSONObject = JSONObject()) -> JSONValue {
        let base: JSONValue = ["labelSelector": ["matchLabels": ["app": .string(app)]], "topologyKey": .string(key)]
        return base.merging(.object(more))
    }

    private func pod(_ name: String, app: String = "", near: [JSONValue] = [], far: [JSONValue] = []) -> PodInfo {
        Make.pod(
            name, labels: ["app": app],
            spec: [
                "affinity": [
                    "podAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": .array(near)],
                    "podAntiAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": .array(far)],
                ]
            ])
    }

    private func preferring(_ name: String, near: [(JSONValue, Int64)] = [], far: [(JSONValue, Int64)] = [], app: String = "") -> PodInfo {
        func list(_ terms: [(JSONValue, Int64)]) -> JSONValue {
            .array(terms.map { ["weight": .integer($0.1), "podAffinityTerm": $0.0] })
        }
        return Make.pod(
            name, labels: ["app": app],
            spec: [
                "affinity": [
                    "podAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": list(near)],
                    "podAntiAffinity": ["preferredDuringSchedulingIgnoredDuringExecution": list(far)],
                ]
            ])
    }

    private let nodes = [
        Make.node("a1", labels: ["zone": "a"]), Make.node("a2", labels: ["zone": "a"]), Make.node("b1", labels: ["zone": "b"]),
        Make.node("none"),
    ]
    private let near = "node(s) didn't match pod affinity rules"
    private let far = "node(s) didn't match pod anti-affinity rules"
    private let existing = "node(s) didn't satisfy existing pods anti-affinity rules"

    @Test func `near a pod means in its domain`() {
        let cluster = Make.cluster(nodes, [(pod("w", app: "web"), "a1")])
        #expect(refusals(InterPodAffinity(), pod("p", near: [term("web")]), cluster) == ["b1": near, "none": near])
    }

    @Test func `the first of a group is let through where the label is`() {
        let cluster = Make.cluster(nodes)
        #expect(refusals(InterPodAffinity(), pod("p", app: "web", near: [term("web")]), cluster) == ["none": near])
        #expect(refusals(InterPodAffinity(), pod("p", app: "db", near: [term("web")]), cluster).count == 4)
        // Once there is one, the others go where it is.
        let later = Make.cluster(nodes, [(pod("w", app: "web"), "b1")])
        #expect(refusals(InterPodAffinity(), pod("p", app: "web", near: [term("web")]), later).keys.sorted() == ["a1", "a2", "none"])
    }

    @Test func `several terms count pods that match all of them`() {
        let cluster = Make.cluster(
            nodes,
            [(Make.pod("w", labels: ["app": "web"]), "a1"), (Make.pod("both", labels: ["app": "web", "tier": "x"]), "b1")])
        let tier: JSONValue = ["labelSelector": ["matchLabels": ["tier": "x"]], "topologyKey": "zone"]
        #expect(refusals(InterPodAffinity(), pod("p", near: [term("web"), tier]), cluster).keys.sorted() == ["a1", "a2", "none"])
    }

    @Test func `far from pods, and pods that keep others far`() {
        let cluster = Make.cluster(nodes, [(pod("w", app: "web"), "a1"), (pod("hermit", far: [term("db")]), "b1")])
        #expect(refusals(InterPodAffinity(), pod("p", far: [term("web")]), cluster) == ["a1": far, "a2": far])
        #expect(refusals(InterPodAffinity(), pod("p", app: "db"), cluster) == ["b1": existing])
        #expect(refusals(InterPodAffinity(), pod("p", app: "other"), cluster) == [:])
    }

    @Test func `namespaces by name and by label`() {
        var cluster = Make.cluster(
            nodes,
            [(Make.pod("w", labels: ["app": "web"], more: ["metadata": ["namespace": "blue"]]), "a1")])
        #expect(refusals(InterPodAffinity(), pod("p", far: [term("web")]), cluster) == [:])
        #expect(refusals(InterPodAffinity(), pod("p", far: [term("web", more: ["namespaces": ["blue"]])]), cluster).count == 2)
        let byLabel = pod("p", far: [term("web", more: ["namespaceSelector": ["matchLabels": ["colour": "blue"]]])])
        cluster.prepare(for: byLabel)
        #expect(refusals(InterPodAffinity(), byLabel, cluster) == [:])
        cluster.namespaces["blue"] = ["colour": "blue"]
        #expect(refusals(InterPodAffinity(), byLabel, cluster).count == 2)
        #expect(refusals(InterPodAffinity(), pod("p", far: [term("web", more: ["namespaceSelector": [:]])]), cluster).count == 2)
    }

    @Test func `label keys of the pod itself`() {
        let cluster = Make.cluster(
            nodes,
            [(Make.pod("w1", labels: ["app": "web", "hash": "1"]), "a1"), (Make.pod("w2", labels: ["app": "web", "hash": "2"]), "b1")])
        func keyed(_ field: String) -> PodInfo {
            var json = JSONValue.pod(
                "p", labels: ["app": "web", "hash": "2"],
                spec: [
                    "affinity": [
                        "podAntiAffinity": [
                            "requiredDuringSchedulingIgnoredDuringExecution": [term("web", more: [field: ["hash"]])]
                        ]
                    ]
                ])
            json = json.merging(["metadata": ["uid": "uid-p"]])
            return PodInfo(Pod.decode(json, options: .lenient).object ?? Pod())
        }
        #expect(refusals(InterPodAffinity(), keyed("matchLabelKeys"), cluster).keys.sorted() == ["b1"])
        #expect(refusals(InterPodAffinity(), keyed("mismatchLabelKeys"), cluster).keys.sorted() == ["a1", "a2"])
    }

    @Test func `preferences by hand`() {
        // a: +30 (near web) and -10 for the pod that likes to be far from p: 20; b: -5 (far from db).
        let cluster = Make.cluster(
            nodes,
            [
                (pod("w", app: "web"), "a1"), (pod("d", app: "db"), "b1"),
                (preferring("shy", far: [(term("me"), 10)]), "a2"),
            ])
        let me = preferring("p", near: [(term("web"), 30)], far: [(term("db"), 5)], app: "me")
        // From -5...20 to 0...100; nodes without the label have 0: 100 * 5 / 25 = 20.
        #expect(scores(InterPodAffinity(), me, cluster) == ["a1": 100, "a2": 100, "b1": 0, "none": 20])
    }

    @Test func `required affinity of others draws near by a weight`() {
        let cluster = Make.cluster(nodes, [(pod("w", app: "web", near: [term("db")]), "a1")])
        #expect(scores(InterPodAffinity(), pod("p", app: "db"), cluster) == ["a1": 100, "a2": 100, "b1": 0, "none": 0])
        #expect(scores(InterPodAffinity(hardPodAffinityWeight: 0), pod("p", app: "db"), cluster) == [:])
    }
}
