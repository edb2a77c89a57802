import KubernetesAPI
import Testing

@testable import ClusterDNS

/// The Kubernetes DNS specification's table, name by name.
struct ClusterZoneTests {
    private struct Directory: ClusterDirectory {
        let services: [String: ServiceRecords]

        func hasNamespace(_ name: String) -> Bool { name == "default" }
        func service(namespace: String, name: String) -> ServiceRecords? { services["\(name).\(namespace)"] }
        func names(of address: [UInt8]) -> [[String]] {
            address == [10, 96, 0, 7] ? [["web", "default"]] : address == [10, 244, 0, 3] ? [["web-0", "peers", "default"]] : []
        }
        func owns(_ address: [UInt8]) -> Bool { address.starts(with: [10, 96]) }
    }

    private let zone: ClusterZone

    init() {
        var web = Service()
        web.spec.clusterIPs = ["10.96.0.7"]
        web.spec.ports = [
            ServicePort {
                $0.name = "http"
                $0.port = 80
            }
        ]
        var peers = Service()
        peers.spec.clusterIPs = ["None"]
        let slice = EndpointSlice {
            $0.addressType = "IPv4"
            $0.ports = [
                DiscoveryV1EndpointPort {
                    $0.name = "db"
                    $0.protocol = "TCP"
                    $0.port = 5432
                }
            ]
            $0.endpoints = [
                Endpoint {
                    $0.addresses = ["10.244.0.3"]
                    $0.hostname = "web-0"
                },
                Endpoint { $0.addresses = ["10.244.0.4"] },
                Endpoint {
                    $0.addresses = ["10.244.0.5"]
                    $0.conditions = EndpointConditions { $0.ready = false }
                },
            ]
        }
        var outside = Service()
        outside.spec.type = "ExternalName"
        outside.spec.externalName = "example.org"
        zone = ClusterZone(
            domain: DNSName("cluster.local"), timeToLive: 5,
            directory: Directory(services: [
                "web.default": ServiceRecords(web, []), "peers.default": ServiceRecords(peers, [slice]),
                "lonely.default": ServiceRecords(peers, []), "outside.default": ServiceRecords(outside, []),
            ]))
    }

    private static func text(_ record: DNSRecord) -> String {
        switch record.value {
        case .address(let bytes): bytes.map { "\($0)" }.joined(separator: ".")
        case .service(_, let weight, let port, let target): "\(weight) \(port) \(target)"
        case .pointer(let name), .canonicalName(let name): "\(name)"
        case .text(let text): text
        case .authority: "SOA"
        }
    }

    @Test(arguments: [
        ("web.default.svc.cluster.local", RecordType.a, ["10.96.0.7"]),
        ("WEB.default.svc.Cluster.local", .a, ["10.96.0.7"]),
        ("peers.default.svc.cluster.local", .a, ["10.244.0.3", "10.244.0.4"]),
        ("web-0.peers.default.svc.cluster.local", .a, ["10.244.0.3"]),
        ("10-244-0-4.peers.default.svc.cluster.local", .a, ["10.244.0.4"]),
        ("_http._tcp.web.default.svc.cluster.local", .srv, ["100 80 web.default.svc.cluster.local."]),
        (
            "_db._tcp.peers.default.svc.cluster.local", .srv,
            ["50 5432 web-0.peers.default.svc.cluster.local.", "50 5432 10-244-0-4.peers.default.svc.cluster.local."]
        ),
        ("10-1-2-3.default.pod.cluster.local", .a, ["10.1.2.3"]),
        ("7.0.96.10.in-addr.arpa", .ptr, ["web.default.svc.cluster.local."]),
        ("3.0.244.10.in-addr.arpa", .ptr, ["web-0.peers.default.svc.cluster.local."]),
        ("dns-version.cluster.local", .txt, ["1.1.0"]),
    ])
    func `names that exist`(name: String, type: RecordType, wanted: [String]) throws {
        guard case .answer(let answer) = zone.resolve(DNSName(name), type) else { return #expect(Bool(false), "it is not of this zone") }
        #expect(answer.code == .noError)
        #expect(answer.answers.map(Self.text) == wanted)
    }

    @Test(arguments: [
        ("web.default.svc.cluster.local", RecordType.aaaa, ResponseCode.noError), ("nobody.default.svc.cluster.local", .a, .nameError),
        ("default.svc.cluster.local", .a, .noError), ("nowhere.svc.cluster.local", .a, .nameError), ("svc.cluster.local", .a, .noError),
        ("lonely.default.svc.cluster.local", .a, .nameError), ("x.cluster.local", .a, .nameError), ("cluster.local", .a, .noError),
        ("_nope._tcp.web.default.svc.cluster.local", .srv, .nameError), ("10-1-2.default.pod.cluster.local", .a, .nameError),
        ("9.9.96.10.in-addr.arpa", .ptr, .nameError), ("web-9.peers.default.svc.cluster.local", .a, .nameError),
    ])
    func `names without such data say so with an authority`(name: String, type: RecordType, code: ResponseCode) {
        guard case .answer(let answer) = zone.resolve(DNSName(name), type) else { return #expect(Bool(false), "it is not of this zone") }
        #expect(answer.code == code && answer.answers.isEmpty && answer.authority.map(Self.text) == ["SOA"])
    }

    @Test func `others are asked for what is theirs`() {
        #expect(zone.resolve(DNSName("example.org"), .a) == .elsewhere)
        #expect(zone.resolve(DNSName("1.1.1.1.in-addr.arpa"), .ptr) == .elsewhere)
        guard case .follow(let alias, let target) = zone.resolve(DNSName("outside.default.svc.cluster.local"), .a) else {
            return #expect(Bool(false), "an external name leads elsewhere")
        }
        #expect(Self.text(alias) == "example.org." && target == DNSName("example.org"))
    }
}
