import KubernetesAPI
import KubernetesClient
import Nftables
import Testing

@testable import ServiceProxy

/// What one service port becomes in nft(8)'s language.
struct PortRulesTests {
    private static let pods = IPNetwork("10.244.0.0/16")!

    private func rules(_ change: (inout Service) -> Void = { _ in }, endpoints: [Endpoint]) throws -> RuleFragment {
        var service = Service { $0.metadata.name = "web" }
        service.metadata.namespace = "default"
        service.spec.clusterIPs = ["10.96.0.7"]
        service.spec.ports = [ServicePort { $0.port = 80 }]
        change(&service)
        let slice = EndpointSlice {
            $0.addressType = "IPv4"
            $0.endpoints = endpoints
            $0.ports = [DiscoveryV1EndpointPort { $0.port = 8080 }]
        }
        let ports = ProxiedPort.all(of: service, [slice], nodeName: "here", zone: nil)
        return try #require(ports.first.map { PortRules(port: $0, podCIDRs: [Self.pods]).fragment })
    }

    private func endpoint(_ address: String, node: String = "here", _ change: (inout EndpointConditions) -> Void = { _ in }) -> Endpoint {
        Endpoint {
            $0.addresses = [address]
            $0.nodeName = node
            var conditions = EndpointConditions()
            conditions.ready = true
            change(&conditions)
            $0.conditions = conditions
        }
    }

    private func element(_ map: String, _ key: String) -> RuleFragment.Element { .init(collection: map, key: key) }

    @Test func `packets are spread over the ready endpoints`() throws {
        let all = try rules(endpoints: [
            endpoint("10.244.0.3"), endpoint("10.244.1.2", node: "there"), endpoint("10.244.0.9") { $0.ready = false },
        ])
        let chain = try #require(all.elements[element("services4", "10.96.0.7 . tcp . 80")]).dropFirst("goto ".count)
        #expect(
            all.chains[String(chain)] == [
                "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.3 . 8080, 1 : 10.244.1.2 . 8080 }"
            ])
        #expect(all.elements[element("hairpin4", "10.244.0.3 . 10.244.0.3")] == "")
    }

    @Test func `where nothing is ready, what still serves while it ends is used`() throws {
        let all = try rules(endpoints: [
            endpoint("10.244.0.3") { ($0.ready, $0.serving, $0.terminating) = (false, true, true) },
            endpoint("10.244.0.4") { ($0.ready, $0.serving, $0.terminating) = (false, false, true) },
        ])
        #expect(all.chains.values.map(\.self) == [["meta l4proto tcp dnat ip to 10.244.0.3:8080"]])
    }

    @Test func `without endpoints it is refused`() throws {
        let all = try rules(
            {
                $0.spec.type = "NodePort"; $0.spec.ports[0].nodePort = 30_080
            }, endpoints: [])
        #expect(all.chains.isEmpty)
        #expect(
            all.elements == [
                element("refused4", "10.96.0.7 . tcp . 80"): "goto rejecting", element("refusedports4", "tcp . 30080"): "goto rejecting",
            ])
    }

    @Test func `a local policy without a local endpoint is silent outside, and serves pods and the node itself`() throws {
        let all = try rules(
            {
                $0.spec.type = "NodePort"
                $0.spec.externalTrafficPolicy = "Local"
                $0.spec.ports[0].nodePort = 30_080
            }, endpoints: [endpoint("10.244.1.2", node: "there")])
        #expect(all.elements[element("refusedports4", "tcp . 30080")] == "drop")
        let chain = try #require(all.elements[element("nodeports4", "tcp . 30080")]).dropFirst("goto ".count)
        let rules = try #require(all.chains[String(chain)])
        #expect(rules.count == 2)
        #expect(rules[0].hasPrefix("ip saddr { 10.244.0.0/16 } goto lb-"))
        #expect(rules[1].hasPrefix("fib saddr type local meta mark set"))
    }

    @Test func `clients stay with their endpoint`() throws {
        let all = try rules(
            {
                $0.spec.sessionAffinity = "ClientIP"
                $0.spec.sessionAffinityConfig = SessionAffinityConfig { $0.clientIP = ClientIPConfig { $0.timeoutSeconds = 7 } }
            }, endpoints: [endpoint("10.244.0.3"), endpoint("10.244.0.4")])
        #expect(all.sets.count == 2 && all.sets.values.allSatisfy { $0 == "type ipv4_addr; flags dynamic,timeout; timeout 7s;" })
        let balance = try #require(all.chains.first { $0.key.hasPrefix("lb-") }).value
        #expect(balance.count == 3 && balance[2].hasPrefix("numgen random mod 2 vmap { 0 : goto ep-"))
    }

    @Test(arguments: ["ExternalName", "headless", "another proxy's"]) func `some services are not the proxy's`(kind: String) {
        var service = Service { $0.metadata.name = "web" }
        service.spec.clusterIPs = ["10.96.0.7"]
        service.spec.ports = [ServicePort { $0.port = 80 }]
        switch kind {
        case "ExternalName": service.spec.type = kind
        case "headless": service.spec.clusterIPs = ["None"]
        default: service.metadata.labels["service.kubernetes.io/service-proxy-name"] = "mine"
        }
        #expect(ProxiedPort.all(of: service, [], nodeName: "here", zone: nil).isEmpty)
    }
}

struct EndpointChoiceTests {
    private func candidate(_ last: Int, zones: [String] = [], nodes: [String] = [], ready: Bool = true) -> CandidateEndpoint {
        CandidateEndpoint(
            backend: Backend(address: "10.0.0.\(last)", port: 1, isIPv4: true), isReady: ready, isServing: ready, isTerminating: false,
            isLocal: false, zoneHints: zones, nodeHints: nodes)
    }

    private func chosen(_ candidates: [CandidateEndpoint], zone: String? = "a") -> [String] {
        EndpointChoice(candidates, nodeName: "here", zone: zone).cluster.map(\.address)
    }

    @Test func `hints count only when all have them and one is meant for here`() {
        #expect(chosen([candidate(1, zones: ["a"]), candidate(2, zones: ["b"])]) == ["10.0.0.1"])
        #expect(chosen([candidate(1, zones: ["a"]), candidate(2)]) == ["10.0.0.1", "10.0.0.2"])
        #expect(chosen([candidate(1, zones: ["c"]), candidate(2, zones: ["b"])]) == ["10.0.0.1", "10.0.0.2"])
        #expect(chosen([candidate(1, zones: ["a"]), candidate(2, zones: ["b"])], zone: nil) == ["10.0.0.1", "10.0.0.2"])
        #expect(chosen([candidate(1, nodes: ["here"]), candidate(2, nodes: ["there"])]) == ["10.0.0.1"])
        #expect(chosen([candidate(1, zones: ["a"], ready: false), candidate(2, zones: ["b"])]) == ["10.0.0.2"])
    }
}
