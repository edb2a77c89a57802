import APIMachinery
import KubernetesAPI
import KubernetesClient
import Netlink
import Nftables
import Testing

@testable import NetworkPolicies

/// What a change of pods, namespaces and policies changes in the table, and nothing else.
struct PolicyStateTests {
    private typealias Owner = PolicyState.Owner

    private func pod(_ name: String, _ address: String, in namespace: String = "a", labels: [String: String] = [:], isLocal: Bool = true)
        -> PolicyPod
    {
        PolicyPod(
            key: ObjectKey(namespace: namespace, name: name), labels: labels, addresses: [Netlink.IPAddress(address)!],
            ports: [.init(name: PortName(transport: .tcp, name: "web"), number: 8080)], isLocal: isLocal)
    }

    private func rules(_ spec: JSONValue, in namespace: String = "a") -> PolicyRules {
        PolicyRules(networkPolicy("p", in: namespace, spec)) { _ in }!
    }

    private func state(_ pods: [PolicyPod] = [], _ policies: [(String, PolicyRules)] = []) -> PolicyState {
        var state = PolicyState(families: [.v4], refusal: .drop)
        _ = state.change(
            .init(
                pods: Dictionary(uniqueKeysWithValues: pods.map { ($0.key, $0) }),
                policies: Dictionary(uniqueKeysWithValues: policies.map { (ObjectKey(namespace: "a", name: $0.0), $0.1) })))
        return state
    }

    private func elements(_ fragment: RuleFragment??) -> [String] {
        (fragment.flatMap(\.self)?.elements ?? [:]).map { "\($0.key.collection) \($0.key.key) \($0.value)" }.sorted()
    }

    private let deny: JSONValue = [:]
    private let fromAll: JSONValue = ["ingress": [["from": [["podSelector": [:]]]]]]

    @Test func `without policies there is nothing`() {
        #expect(state([pod("web", "10.0.0.2")]).fragments.isEmpty)
    }

    @Test func `an isolated pod leads to the list of its policies`() {
        let state = state([pod("web", "10.0.0.2")], [("deny", rules(deny)), ("all", rules(fromAll))])
        #expect(state.fragments[.list(1)]?.chains == ["ingress-1": ["jump policy1-ingress", "jump policy2-ingress", "counter drop"]])
        #expect(
            elements(state.fragments[.pod(ObjectKey(namespace: "a", name: "web"))])
                == ["ingress4 10.0.0.2 goto ingress-1", "itself4 10.0.0.2 . 10.0.0.2 ", "pods1v4 10.0.0.2 "])
    }

    @Test func `a pod that comes changes only its own part`() {
        var state = state([pod("web", "10.0.0.2")], [("all", rules(fromAll))])
        let new = pod("shop", "10.0.0.3")
        let brought = state.change(.init(pods: [new.key: new]))
        #expect(brought.keys.sorted() == [.pod(new.key)])
        #expect(state.change(.init(pods: [new.key: new])).isEmpty)
        #expect(state.change(.init(pods: [new.key: nil])).keys.sorted() == [.pod(new.key)])
    }

    @Test func `pods of other nodes are peers, and isolated there`() {
        let state = state([pod("far", "10.1.0.2", isLocal: false)], [("all", rules(fromAll))])
        #expect(elements(state.fragments[.pod(ObjectKey(namespace: "a", name: "far"))]) == ["pods1v4 10.1.0.2 "])
    }

    @Test func `a policy that goes takes with it what nobody else needs`() {
        let both = [("one", rules(fromAll)), ("two", rules(fromAll))]
        var state = state([pod("web", "10.0.0.2")], both)
        _ = state.change(.init(policies: [ObjectKey(namespace: "a", name: "one"): nil]))
        #expect(state.fragments[.group(1)] != nil)
        _ = state.change(.init(policies: [ObjectKey(namespace: "a", name: "two"): nil]))
        #expect(state.fragments.isEmpty)
    }

    @Test func `labels of a namespace bring its pods in`() {
        let spec: JSONValue = ["ingress": [["from": [["namespaceSelector": ["matchLabels": ["team": "x"]]]]]]]
        var state = state([pod("web", "10.0.0.2"), pod("guest", "10.0.0.9", in: "b")], [("team", rules(spec))])
        let guest = Owner.pod(ObjectKey(namespace: "b", name: "guest"))
        #expect(state.fragments[guest] == nil)
        let brought = state.change(.init(namespaces: ["b": ["team": "x"]]))
        #expect(brought.keys.sorted() == [guest] && elements(brought[guest]) == ["pods1v4 10.0.0.9 "])
        #expect(elements(state.change(.init(namespaces: ["b": nil]))[guest]) == [])
        #expect(state.fragments[guest] == nil)
    }

    @Test func `a namespace has its name as a label, also before its object is known`() {
        let spec: JSONValue = ["ingress": [["from": [["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "b"]]]]]]]
        let state = state([pod("guest", "10.0.0.9", in: "b")], [("named", rules(spec))])
        #expect(elements(state.fragments[.pod(ObjectKey(namespace: "b", name: "guest"))]) == ["pods1v4 10.0.0.9 "])
    }

    @Test func `a named port is each pod's own`() {
        let spec: JSONValue = ["ingress": [["ports": [["port": "web"]]]]]
        var other = pod("shop", "10.0.0.3")
        other.ports[0].number = 9090
        let state = state([pod("web", "10.0.0.2"), other], [("p", rules(spec))])
        #expect(elements(state.fragments[.pod(other.key)]).contains("port1v4 10.0.0.3 . tcp . 9090 "))
    }

    @Test func `an address is the pod's that the runtime gave it to, and the others' again after that`() {
        let old = pod("old", "10.0.0.2", labels: ["old": ""])
        var new = pod("new", "10.0.0.2", in: "b")
        new.claim = .init(isOfRuntime: true, time: 1)
        var state = state([old], [("all", rules(fromAll))])
        let brought = state.change(.init(pods: [new.key: new]))
        #expect(state.fragments[.pod(old.key)] == nil && brought[.pod(old.key)] != nil)
        _ = state.change(.init(pods: [new.key: nil]))
        #expect(!elements(state.fragments[.pod(old.key)]).isEmpty)
    }
}

/// Which pods have addresses, by what the runtime and the API server say.
struct PolicyPodTests {
    private func object(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = Pod { $0.metadata.name = "web" }
        pod.metadata.namespace = "a"
        pod.metadata.uid = "1"
        pod.metadata.labels = ["from": "api"]
        pod.spec.nodeName = "here"
        pod.status.podIP = "10.0.0.2"
        change(&pod)
        return pod
    }

    private func attached(_ uid: String = "1") -> AttachedPod {
        AttachedPod(
            key: ObjectKey(namespace: "a", name: "web"), uid: uid, labels: ["from": "runtime", "io.kubernetes.pod.name": "web"],
            addresses: ["10.0.0.3"], time: 5)
    }

    private func found(_ object: Pod?, _ attached: AttachedPod?) -> String? {
        PolicyPod(object, attached, nodeName: "here").map { "\($0.labels) \($0.addresses) \($0.isLocal)" }
    }

    @Test func `the runtime knows the address, the API server the labels`() {
        #expect(found(object(), nil) == "[\"from\": \"api\"] [10.0.0.2] true")
        #expect(found(object(), attached()) == "[\"from\": \"api\"] [10.0.0.3] true")
        #expect(found(nil, attached()) == "[\"from\": \"runtime\"] [10.0.0.3] true")
        #expect(found(object(), attached("2")) == "[\"from\": \"runtime\"] [10.0.0.3] true")
        #expect(found(object { $0.spec.nodeName = "there" }, nil) == "[\"from\": \"api\"] [10.0.0.2] false")
        let mirror = object {
            $0.metadata.uid = "9"; $0.metadata.annotations["kubernetes.io/config.mirror"] = "1"
        }
        #expect(found(mirror, attached()) == "[\"from\": \"api\"] [10.0.0.3] true")
    }

    @Test func `pods that have ended, and those with the node's network, are nobody`() {
        for phase in ["Succeeded", "Failed"] {
            #expect(found(object { $0.status.phase = phase }, nil) == nil)
            #expect(found(object { $0.status.phase = phase }, attached()) == nil)
        }
        #expect(found(object { $0.spec.hostNetwork = true }, nil) == nil)
        #expect(found(nil, nil) == nil)
    }
}
