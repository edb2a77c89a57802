import APIMachinery
import KubernetesAPI
import Netlink
import Testing

@testable import NetworkPolicies

/// What one policy becomes in nft(8)'s language.
struct PolicyRulesTests {
    private func chains(_ spec: JSONValue, problems: Int = 0) throws -> [String: [String]] {
        var told: [String] = []
        let rules = try #require(PolicyRules(networkPolicy("p", in: "a", spec)) { told.append($0) })
        #expect(told.count == problems, "\(told)")
        func numbers<Value: Hashable>(_ values: Set<Value>, _ order: (Value) -> String) -> [Value: Int] {
            Dictionary(uniqueKeysWithValues: values.sorted { order($0) < order($1) }.enumerated().map { ($1, $0 + 1) })
        }
        return PolicyChains(
            rules: rules, id: 7, families: [.v4], groups: numbers(rules.groups) { "\($0)" }, ports: numbers(rules.portNames) { "\($0)" }
        ).fragment.chains
    }

    private static let types: [(spec: JSONValue, expected: [String])] = [
        ([:], ["ingress"]), (["egress": [[:]]], ["egress", "ingress"]), (["policyTypes": ["Egress"]], ["egress"]),
        (["policyTypes": ["Ingress"], "egress": [[:]]], ["ingress"]),
    ]

    @Test(arguments: types) func `the types of a policy follow from its rules unless it names them`(spec: JSONValue, expected: [String])
        throws
    {
        #expect(try chains(spec).keys.sorted() == expected.map { "policy7-\($0)" })
    }

    private static let rules: [(rule: JSONValue, expected: [String])] = [
        ([:], ["accept"]),
        (["ports": [["port": 80]]], ["tcp dport 80 accept"]),
        (
            ["ports": [["port": 80, "endPort": 90], ["port": 85, "endPort": 95], ["port": 443], ["port": 53, "protocol": "UDP"]]],
            ["tcp dport { 80-95, 443 } accept", "udp dport 53 accept"]
        ),
        (["ports": [["protocol": "SCTP"], ["port": 7, "protocol": "SCTP"]]], ["meta l4proto sctp accept"]),
        (["ports": [["port": "web"]]], ["ip daddr . meta l4proto . th dport @port1v4 accept"]),
        (["from": [["podSelector": [:]]]], ["ip saddr @pods1v4 accept"]),
        (
            [
                "from": [
                    ["ipBlock": ["cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.1.2.0/24"]]], ["ipBlock": ["cidr": "0.0.0.0/0"]],
                ]
            ],
            ["ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 } accept", "meta nfproto ipv4 accept"]
        ),
        (["from": [["ipBlock": ["cidr": "fd00::/8"]]]], []),
        (
            ["from": [["podSelector": [:]], ["ipBlock": ["cidr": "192.0.2.0/24"]]], "ports": [["port": 1], ["port": "web"]]],
            [
                "ip saddr @pods1v4 tcp dport 1 accept", "ip saddr @pods1v4 ip daddr . meta l4proto . th dport @port1v4 accept",
                "ip saddr 192.0.2.0/24 tcp dport 1 accept", "ip saddr 192.0.2.0/24 ip daddr . meta l4proto . th dport @port1v4 accept",
            ]
        ),
    ]

    @Test(arguments: rules) func `a rule accepts what it names`(rule: JSONValue, expected: [String]) throws {
        #expect(try chains(["ingress": [rule]])["policy7-ingress"] == expected)
    }

    @Test func `the other direction looks at the other end`() throws {
        #expect(try chains(["egress": [["to": [["podSelector": [:]]]]]])["policy7-egress"] == ["ip daddr @pods1v4 accept"])
    }

    private static let unreadable: [JSONValue] = [
        ["from": [["ipBlock": ["cidr": "nonsense"]]]], ["from": [["ipBlock": ["cidr": "10.0.0.0/8", "except": ["x"]]]]],
        ["from": [[:]]], ["ports": [["port": 80, "endPort": 70]]],
        ["from": [["podSelector": ["matchExpressions": [["key": "a", "operator": "Near"]]]]]],
    ]

    @Test(arguments: unreadable) func `what cannot be read allows nothing, and is told`(rule: JSONValue) throws {
        #expect(try chains(["ingress": [rule]], problems: 1)["policy7-ingress"] == [])
    }
}
