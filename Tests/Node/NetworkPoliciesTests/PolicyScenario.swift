import APIMachinery
import KubernetesAPI

/// Policies that are there together. Pods: `a`, `b`, `c` in `x` (10.79.0.2 to .4), `y` (.5 to .7) and `z` (.8 to .10).
struct PolicyScenario {
    let name: String
    /// Namespace and spec.
    let specs: [(String, JSONValue)]

    init(_ name: String, _ specs: (String, JSONValue)...) { (self.name, self.specs) = (name, specs) }

    var policies: [NetworkPolicy] {
        specs.enumerated().map { index, entry in networkPolicy("p\(index)", in: entry.0, entry.1) }
    }
}

extension PolicyScenario {
    private static func pods(_ name: String) -> JSONValue { ["podSelector": ["matchLabels": ["pod": .string(name)]]] }
    private static func tier(_ name: String) -> JSONValue { ["podSelector": ["matchLabels": ["tier": .string(name)]]] }
    private static func namespace(_ name: String) -> JSONValue {
        ["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": .string(name)]]]
    }
    private static func team(_ name: String, _ pod: String? = nil) -> JSONValue {
        var peer: JSONValue = ["namespaceSelector": ["matchLabels": ["team": .string(name)]]]
        if let pod { peer["podSelector"] = ["matchLabels": ["pod": .string(pod)]] }
        return peer
    }
    private static func block(_ cidr: String, _ except: String...) -> JSONValue {
        var block: JSONValue = ["cidr": .string(cidr)]
        if !except.isEmpty { block["except"] = .array(except.map { .string($0) }) }
        return ["ipBlock": block]
    }
    private static func port(_ value: JSONValue, _ transport: String = "TCP", end: JSONValue? = nil) -> JSONValue {
        var port: JSONValue = ["port": value, "protocol": .string(transport)]
        if let end { port["endPort"] = end }
        return port
    }
    private static func from(_ peers: JSONValue..., ports: [JSONValue] = []) -> JSONValue {
        ["from": .array(peers), "ports": .array(ports)]
    }
    private static func to(_ peers: JSONValue..., ports: [JSONValue] = []) -> JSONValue { ["to": .array(peers), "ports": .array(ports)] }
    private static func expression(_ key: String, _ op: String, _ values: String...) -> JSONValue {
        ["matchExpressions": [["key": .string(key), "operator": .string(op), "values": .array(values.map { .string($0) })]]]
    }

    static let all: [PolicyScenario] = isolation + peers + blocks + portsAlone + combined

    private static let isolation: [PolicyScenario] = [
        .init("none"),
        .init("deny all into x", ("x", [:])),
        .init("deny all out of x", ("x", ["policyTypes": ["Egress"]])),
        .init("deny all of x", ("x", ["policyTypes": ["Ingress", "Egress"]])),
        .init("deny into one pod", ("x", ["podSelector": ["matchLabels": ["pod": "a"]]])),
        .init("deny out of one pod", ("y", ["podSelector": ["matchLabels": ["pod": "b"]], "policyTypes": ["Egress"]])),
        .init("a selector that selects nobody", ("x", ["podSelector": ["matchLabels": ["pod": "none"]]])),
        .init("deny everywhere", ("x", [:]), ("y", [:]), ("z", ["policyTypes": ["Ingress", "Egress"]])),
        .init("allow all into x", ("x", ["ingress": [[:]]])),
        .init("allow all out of x, which isolates it for ingress too", ("x", ["egress": [[:]]])),
        .init("deny and allow: the union counts", ("x", [:]), ("x", ["ingress": [[:]]])),
        .init("pods that are not a", ("x", ["podSelector": expression("pod", "NotIn", "a")])),
        .init("pods that have a label", ("x", ["podSelector": expression("extra", "Exists")])),
        .init("pods that have it not", ("z", ["podSelector": expression("extra", "DoesNotExist"), "policyTypes": ["Egress"]])),
    ]

    private static let peers: [PolicyScenario] = [
        .init("from pods of the same namespace", ("x", ["ingress": [from(["podSelector": [:]])]])),
        .init("from pods of the same namespace by label", ("x", ["ingress": [from(pods("b"))]])),
        .init("from any namespace", ("x", ["ingress": [from(["namespaceSelector": [:]])]])),
        .init("from a namespace by name", ("x", ["ingress": [from(namespace("y"))]])),
        .init("from namespaces by label", ("z", ["ingress": [from(team("blue"))]])),
        .init("from pods in namespaces: both must match", ("x", ["ingress": [from(team("blue", "b"))]])),
        .init("from pods or namespaces: one must match", ("x", ["ingress": [from(team("red"), pods("b"))]])),
        .init("from namespaces other than", ("x", ["ingress": [from(["namespaceSelector": expression("team", "NotIn", "blue")])]])),
        .init(
            "from namespaces with either label", ("x", ["ingress": [from(["namespaceSelector": expression("team", "In", "blue", "red")])]])),
        .init("to pods of the same namespace", ("x", ["policyTypes": ["Egress"], "egress": [to(["podSelector": [:]])]])),
        .init("to a namespace by name", ("x", ["policyTypes": ["Egress"], "egress": [to(namespace("y"))]])),
        .init("to pods in namespaces", ("z", ["policyTypes": ["Egress"], "egress": [to(team("blue", "c"))]])),
        .init("both ends must allow: here only one does", ("x", ["egress": [to(namespace("y"))], "policyTypes": ["Egress"]]), ("y", [:])),
        .init(
            "both ends allow", ("x", ["egress": [to(namespace("y"))], "policyTypes": ["Egress"]]),
            ("y", ["ingress": [from(namespace("x"))]])),
        .init(
            "from pods with an expression in namespaces with one",
            (
                "y",
                ["ingress": [from(["podSelector": expression("tier", "In", "back"), "namespaceSelector": expression("team", "Exists")])]]
            )),
    ]

    private static let blocks: [PolicyScenario] = [
        .init("from a block that holds all pods", ("x", ["ingress": [from(block("10.79.0.0/24"))]])),
        .init("from all addresses", ("x", ["ingress": [from(block("0.0.0.0/0"))]])),
        .init("from a block of one", ("x", ["ingress": [from(block("10.79.0.5/32"))]])),
        .init("from a block but some", ("x", ["ingress": [from(block("10.79.0.0/24", "10.79.0.5/32", "10.79.0.8/30"))]])),
        .init(
            "from a block but some, which contain each other",
            ("x", ["ingress": [from(block("10.79.0.0/24", "10.79.0.4/30", "10.79.0.5/32"))]])),
        .init("from all but one, or that one's name", ("x", ["ingress": [from(block("0.0.0.0/0", "10.79.0.6/32"), namespace("y"))]])),
        .init("to a block", ("x", ["policyTypes": ["Egress"], "egress": [to(block("10.79.0.4/30"))]])),
        .init("to a block but some", ("x", ["policyTypes": ["Egress"], "egress": [to(block("0.0.0.0/0", "10.79.0.8/29"))]])),
        .init("from a block of the other family", ("x", ["ingress": [from(block("fd00::/8"))]])),
    ]

    private static let portsAlone: [PolicyScenario] = [
        .init("one port", ("x", ["ingress": [["ports": [port(80)]]]])),
        .init("one port of UDP", ("x", ["ingress": [["ports": [port(80, "UDP")]]]])),
        .init("all of a protocol", ("x", ["ingress": [["ports": [["protocol": "UDP"]]]]])),
        .init("a range", ("x", ["ingress": [["ports": [port(80, end: 81)]]]])),
        .init("a range that ends before", ("x", ["ingress": [["ports": [port(70, end: 80)]]]])),
        .init("ranges that overlap", ("x", ["ingress": [["ports": [port(79, end: 80), port(80), port(80, end: 80)]]]])),
        .init("a named port: another number with c", ("x", ["ingress": [["ports": [port("web")]]]])),
        .init("a named port of UDP", ("x", ["ingress": [["ports": [port("data", "UDP")]]]])),
        .init("a named port of the other protocol", ("x", ["ingress": [["ports": [port("web", "UDP")]]]])),
        .init("out to a port", ("y", ["policyTypes": ["Egress"], "egress": [["ports": [port(81)]]]])),
        .init("out to a named port", ("y", ["policyTypes": ["Egress"], "egress": [["ports": [port("web")]]]])),
        .init("out to SCTP alone", ("y", ["policyTypes": ["Egress"], "egress": [["ports": [["protocol": "SCTP"]]]]])),
    ]

    private static let combined: [PolicyScenario] = [
        .init("peers and ports", ("x", ["ingress": [from(namespace("y"), ports: [port(80)])]])),
        .init("two rules", ("x", ["ingress": [from(namespace("y"), ports: [port(80)]), from(team("red"), ports: [port(81)])]])),
        .init("two policies", ("x", ["ingress": [from(namespace("y"), ports: [port(80)])]]), ("x", ["ingress": [from(tier("front"))]])),
        .init(
            "policies for pods that overlap", ("x", ["podSelector": ["matchLabels": ["tier": "back"]], "ingress": [from(namespace("z"))]]),
            ("x", ["podSelector": ["matchLabels": ["pod": "b"]], "ingress": [from(namespace("y"), ports: [port("web")])]]), ("x", [:])),
        .init(
            "to pods by a named port", ("x", ["policyTypes": ["Egress"], "egress": [to(namespace("y"), pods("c"), ports: [port("web")])]])),
        .init(
            "to a block by a named port", ("x", ["policyTypes": ["Egress"], "egress": [to(block("10.79.0.5/32"), ports: [port("web")])]])),
        .init(
            "in and out", ("x", ["ingress": [from(namespace("y"))], "egress": [to(namespace("z"), ports: [port(80)])]]),
            ("z", ["ingress": [from(namespace("x"), ports: [port(80, "UDP"), port(80)])]])),
        .init(
            "each namespace to itself", ("x", ["ingress": [from(["podSelector": [:]])]]), ("y", ["ingress": [from(["podSelector": [:]])]]),
            ("z", ["ingress": [from(["podSelector": [:]])]])),
        .init(
            "a chain: a may call b may call c",
            ("x", ["podSelector": ["matchLabels": ["pod": "b"]], "ingress": [from(pods("a"))]]),
            ("x", ["podSelector": ["matchLabels": ["pod": "c"]], "ingress": [from(pods("b"))]]),
            ("x", ["podSelector": ["matchLabels": ["pod": "a"]], "policyTypes": ["Egress"], "egress": [to(pods("b"))]])),
        .init("none again"),
    ]
}
