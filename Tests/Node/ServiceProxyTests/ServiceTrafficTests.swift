import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import Netlink
import NetworkTesting
import Testing

@testable import ServiceProxy

/// Real packets to services: from pods, from the node and from another machine.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct ServiceTrafficTests {
    private static let clusterIP = Netlink.IPAddress(v4: 0x0a60_0007)  // 10.96.0.7
    private static let loopback = Netlink.IPAddress(v4: 0x7f00_0001)
    private static let key = ObjectKey(namespace: "default", name: "web")

    /// A pod network with the pods `a`, `b` and `c`, a machine outside, and the proxy's rules for one service `web`, port 80, with endpoints
    /// on port 8080.
    private final class Setting {
        let a, b, c: NetworkPod
        let outside: OutsideMachine
        let servers: [TestSocket]
        private var rules: KernelRules

        init(_ scene: NetworkScene) throws {
            (a, b, c) = (try scene.pod("a"), try scene.pod("b"), try scene.pod("c"))
            outside = try scene.outside()
            servers = try [a, b].map { pod in try pod.inside { try TestSocket.listening(8080) } }
            let side = scene.network.serviceSide
            rules = KernelRules(
                ServiceProxyConfiguration(
                    nodeName: "here", table: side.table, bridge: side.bridge, podCIDRs: side.podCIDRs.compactMap { IPNetwork($0) },
                    serviceCIDRs: [IPNetwork("10.96.0.0/16")].compactMap(\.self))
            ) { Issue.record("\($0)") }
            try rules.prepare()
            // What the node refuses itself comes back by way of the loopback link.
            var socket = try NetlinkSocket()
            _ = try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
            _ = try scene.network.routeServices(["10.96.0.0/16"])
        }

        /// - Parameter endpoints: By name of the pod; `far` is on another node, which nothing reaches.
        func serve(
            _ endpoints: [String], transport: String = "TCP", conditions: [String: EndpointConditions] = [:],
            _ change: (inout Service) -> Void = { _ in }
        ) throws {
            var service = Service { $0.metadata.name = "web" }
            service.metadata.namespace = "default"
            service.spec.clusterIPs = ["\(ServiceTrafficTests.clusterIP)"]
            service.spec.ports = [
                ServicePort {
                    $0.port = 80
                    $0.protocol = transport
                }
            ]
            change(&service)
            let slice = EndpointSlice {
                $0.addressType = "IPv4"
                $0.ports = [DiscoveryV1EndpointPort { $0.port = 8080 }]
                $0.endpoints = endpoints.map { endpoint($0, conditions[$0]) }
            }
            try rules.change([ServiceTrafficTests.key: ProxiedPort.all(of: service, [slice], nodeName: "here", zone: nil)])
        }

        private func endpoint(_ name: String, _ conditions: EndpointConditions?) -> Endpoint {
            let address = [a, b, c].first { $0.name == name }?.address
            return Endpoint {
                $0.addresses = [address.map { "\($0)" } ?? "10.79.200.9"]
                $0.nodeName = name == "far" ? "there" : "here"
                $0.conditions = conditions
            }
        }

        enum Answer: Equatable {
            /// Which pod took the connection, and whom it saw.
            case taken(by: String, from: Netlink.IPAddress)
            case failed(CInt)
            case nothing
        }

        /// Connects from where the calling thread is.
        ///
        /// - Parameter seconds: How long nothing may come.
        func call(_ host: Netlink.IPAddress = ServiceTrafficTests.clusterIP, _ port: UInt16 = 80, seconds: Int = 20) throws -> Answer {
            let client = try TestSocket(isStream: true)
            client.connect(host, port)
            var ended: CInt?  // read once: that clears it
            _ = blockUntil(seconds: seconds) {
                ended = client.outcome
                return ended != nil
            }
            guard let outcome = ended else { return .nothing }
            guard outcome == 0 else { return .failed(outcome) }
            var answer = Answer.nothing
            _ = blockUntil {
                for (pod, server) in zip([a, b], servers) where server.hasConnection {
                    guard let taken = server.accept() else { continue }
                    answer = .taken(by: pod.name, from: taken.peer)
                }
                return answer != .nothing
            }
            return answer
        }
    }

    private func setting(_ body: (Setting) throws -> Void) throws {
        let left = try NetworkScene.run(podCIDR: "10.79.2.0/24") { scene in
            let setting = try Setting(scene)
            try body(setting)
            try setting.outside.close()
        }
        #expect(left == [])
    }

    private static func nodePort(_ service: inout Service) {
        service.spec.type = "NodePort"
        service.spec.ports[0].nodePort = 30_080
    }

    @Test func `a cluster IP leads to every endpoint, and these see who calls`() throws {
        try setting { setting in
            try setting.serve(["a", "b"])
            let answers = try setting.c.inside { try (0..<40).map { _ in try setting.call() } }
            #expect(Set(answers.map { "\($0)" }).count == 2)
            #expect(
                answers.allSatisfy { [.taken(by: "a", from: setting.c.address), .taken(by: "b", from: setting.c.address)].contains($0) })
            try setting.serve(["b"])
            #expect(try setting.call() == .taken(by: "b", from: setting.c.gateway))  // the node itself
        }
    }

    @Test func `without endpoints it is refused at once, whoever calls`() throws {
        try setting { setting in
            try setting.serve([], Self.nodePort)
            #expect(try setting.c.inside { try setting.call() } == .failed(ECONNREFUSED))
            #expect(try setting.call() == .failed(ECONNREFUSED))
            #expect(try setting.outside.inside { try setting.call(OutsideMachine.nodeAddress, 30_080) } == .failed(ECONNREFUSED))
            // An address of services that no service has.
            #expect(try setting.c.inside { try setting.call(Netlink.IPAddress(v4: 0x0a60_00ff)) } == .failed(ECONNREFUSED))
        }
    }

    @Test func `a node port is reached from outside, from pods and on the loopback address`() throws {
        try setting { setting in
            try setting.serve(["a"], Self.nodePort)
            let expected = Setting.Answer.taken(by: "a", from: setting.a.gateway)
            #expect(try setting.outside.inside { try setting.call(OutsideMachine.nodeAddress, 30_080) } == expected)
            #expect(try setting.c.inside { try setting.call(setting.c.gateway, 30_080) } == expected)
            #expect(try setting.call(Self.loopback, 30_080) == expected)
            #expect(try setting.call(OutsideMachine.nodeAddress, 30_080) == expected)
        }
    }

    @Test func `with the external policy Local the caller is seen, and another node's endpoints are not used`() throws {
        try setting { setting in
            func local(_ service: inout Service) {
                Self.nodePort(&service)
                service.spec.externalTrafficPolicy = "Local"
            }
            try setting.serve(["a", "far"], local)
            for _ in 0..<10 {
                #expect(
                    try setting.outside.inside { try setting.call(OutsideMachine.nodeAddress, 30_080) }
                        == .taken(by: "a", from: OutsideMachine.address))
            }
            try setting.serve(["far"], local)
            #expect(try setting.outside.inside { try setting.call(OutsideMachine.nodeAddress, 30_080, seconds: 1) } == .nothing)
        }
    }

    @Test func `with the internal policy Local only this node's endpoints are used`() throws {
        try setting { setting in
            try setting.serve(["b", "far"]) { $0.spec.internalTrafficPolicy = "Local" }
            for _ in 0..<10 { #expect(try setting.c.inside { try setting.call() } == .taken(by: "b", from: setting.c.address)) }
            try setting.serve(["far"]) { $0.spec.internalTrafficPolicy = "Local" }
            #expect(try setting.c.inside { try setting.call(seconds: 1) } == .nothing)
        }
    }

    @Test func `external addresses and those of load balancers lead to the service`() throws {
        try setting { setting in
            let (external, balancer) = (Netlink.IPAddress(v4: 0xCB00_7107), Netlink.IPAddress(v4: 0xCB00_7108))
            func balanced(_ ranges: [String]) -> (inout Service) -> Void {
                { service in
                    service.spec.type = "LoadBalancer"
                    service.spec.externalIPs = ["\(external)"]
                    service.spec.loadBalancerSourceRanges = ranges
                    service.status.loadBalancer.ingress = [LoadBalancerIngress { $0.ip = "\(balancer)" }]
                }
            }
            let expected = Setting.Answer.taken(by: "a", from: setting.a.gateway)
            try setting.serve(["a"], balanced([]))
            for address in [external, balancer] {
                #expect(try setting.outside.inside { try setting.call(address) } == expected)
                #expect(try setting.c.inside { try setting.call(address) } == expected)
            }
            try setting.serve(["a"], balanced(["198.51.100.0/24"]))
            #expect(try setting.outside.inside { try setting.call(balancer, seconds: 1) } == .nothing)
            #expect(try setting.outside.inside { try setting.call(external) } == expected)
            try setting.serve(["a"], balanced(["198.51.100.0/24", "192.0.2.0/25"]))
            #expect(try setting.outside.inside { try setting.call(balancer) } == expected)
        }
    }

    @Test func `a client stays with its endpoint as long as that is there`() throws {
        try setting { setting in
            func sticky(_ service: inout Service) { service.spec.sessionAffinity = "ClientIP" }
            try setting.serve(["a", "b"], sticky)
            let first = try setting.c.inside { try setting.call() }
            for _ in 0..<20 { #expect(try setting.c.inside { try setting.call() } == first) }
            let kept = first == .taken(by: "a", from: setting.c.address) ? "a" : "b"
            let other = kept == "a" ? "b" : "a"
            try setting.serve([kept], sticky)
            #expect(try setting.c.inside { try setting.call() } == first)
            try setting.serve([other], sticky)
            #expect(try setting.c.inside { try setting.call() } == .taken(by: other, from: setting.c.address))
        }
    }

    @Test func `an endpoint that ends serves only while no other is ready`() throws {
        try setting { setting in
            let ending = EndpointConditions {
                $0.ready = false
                $0.serving = true
                $0.terminating = true
            }
            try setting.serve(["a", "b"], conditions: ["a": ending])
            for _ in 0..<10 { #expect(try setting.c.inside { try setting.call() } == .taken(by: "b", from: setting.c.address)) }
            try setting.serve(["a"], conditions: ["a": ending])
            #expect(try setting.c.inside { try setting.call() } == .taken(by: "a", from: setting.c.address))
        }
    }

    @Test func `a pod reaches itself through its service`() throws {
        try setting { setting in
            try setting.serve(["a"])
            #expect(try setting.a.inside { try setting.call() } == .taken(by: "a", from: setting.a.gateway))
        }
    }

    @Test func `a flow of datagrams follows its service to another endpoint`() throws {
        try setting { setting in
            let a = try setting.a.inside { try TestSocket.listening(8080, isStream: false) }
            let b = try setting.b.inside { try TestSocket.listening(8080, isStream: false) }
            let client = try setting.c.inside { try TestSocket(isStream: false) }
            client.connect(Self.clusterIP, 80)
            func sent(_ byte: UInt8, to server: TestSocket) -> Bool {
                // What is refused shows as an error of the next call.
                client.send([byte]) || client.send([byte]) ? blockUntil(seconds: 5) { server.receive() == [byte] } : false
            }
            // The first datagrams, before there is an endpoint, must not settle where the flow goes.
            _ = client.send([0])
            try setting.serve(["a"], transport: "UDP")
            #expect(sent(1, to: a))
            #expect(sent(2, to: a))
            try setting.serve(["b"], transport: "UDP")
            #expect(sent(3, to: b))
            #expect(a.receive() == nil)
            try setting.serve([], transport: "UDP")
            _ = client.send([4])
            try setting.serve(["a"], transport: "UDP")
            #expect(sent(5, to: a))
        }
    }
}
