import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import Netlink
import NetworkTesting
import Testing

@testable import NetworkPolicies
@testable import NetworkTrace
@testable import ServiceProxy

/// What a trace says is what packets do: services and policies in the kernel, and each connection tried.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct TraceTrafficTests {
    private static let serviceCIDR = "10.96.0.0/16"
    private static let balancer = "203.0.113.8"
    private static let nodePort: Int32 = 30_080

    /// Pods `a`, `b` and `c` on the node `here`, of which `a` and `b` serve; a machine outside; services and policies of a case in the kernel.
    private final class Setting {
        let pods: [NetworkPod]
        let outside: OutsideMachine
        let servers: [TestSocket]
        private let scene: NetworkScene
        private var rules: KernelRules
        private var policies: PolicyEngine
        private(set) var objects = ClusterObjects()

        init(_ scene: NetworkScene) throws {
            self.scene = scene
            pods = try ["a", "b", "c"].map { try scene.pod($0) }
            outside = try scene.outside()
            servers = try pods.prefix(2).map { pod in try pod.inside { try TestSocket.listening(8080) } }
            let side = scene.network.serviceSide
            rules = KernelRules(
                ServiceProxyConfiguration(
                    nodeName: "here", table: side.table, bridge: side.bridge, podCIDRs: side.podCIDRs.compactMap { IPNetwork($0) },
                    serviceCIDRs: [IPNetwork(TraceTrafficTests.serviceCIDR)].compactMap(\.self))
            ) { Issue.record("\($0)") }
            try rules.prepare()
            var socket = try NetlinkSocket()
            _ = try socket.perform([.setLink(.name("lo"), LinkSettings(isUp: true))])
            _ = try scene.network.routeServices([TraceTrafficTests.serviceCIDR])
            var configuration = NetworkPoliciesConfiguration(nodeName: "here", table: side.policyTable, bridge: side.bridge)
            configuration.refusal = .reject
            policies = PolicyEngine(configuration)
        }

        /// - Parameter endpoints: Pods that serve, with whether they are ready; `far` is another node's.
        func put(_ endpoints: [String: Bool], _ wanted: [(String, JSONValue)], _ change: (inout Service) -> Void) throws {
            let service = service(change)
            let slice = slice(endpoints)
            objects = ClusterObjects()
            objects.serviceCIDRs = [TraceTrafficTests.serviceCIDR]
            objects.services = [service]
            objects.slices = [slice]
            objects.nodes = [
                Node {
                    $0.metadata.name = "here"
                    $0.status.addresses = ["\(OutsideMachine.nodeAddress)", "\(pods[0].gateway)"].map { address in
                        NodeAddress {
                            $0.type = "InternalIP"
                            $0.address = address
                        }
                    }
                }
            ]
            objects.pods = pods.map(object)
            objects.policies = wanted.map { name, spec in policy(name, spec) }
            try rules.replace([ObjectKey(service): ProxiedPort.all(of: service, [slice], nodeName: "here", zone: nil)])
            var changes = PolicyState.Changes()
            for pod in objects.pods { changes.pods[ObjectKey(pod)] = .some(PolicyPod(pod, nil, nodeName: "here")) }
            for policy in objects.policies { changes.policies[ObjectKey(policy)] = PolicyRules(policy) { Issue.record("\($0)") } }
            for gone in present.subtracting(objects.policies.map { ObjectKey($0) }) { changes.policies[gone] = .some(nil) }
            present = Set(objects.policies.map { ObjectKey($0) })
            try policies.change(changes)
        }
        private var present: Set<ObjectKey> = []

        private func service(_ change: (inout Service) -> Void) -> Service {
            var service = Service { $0.metadata.name = "web" }
            service.metadata.namespace = "default"
            service.spec.clusterIPs = ["10.96.0.7"]
            service.spec.ports = [
                ServicePort {
                    $0.port = 80
                    $0.protocol = "TCP"
                    $0.nodePort = TraceTrafficTests.nodePort
                }
            ]
            service.spec.type = "LoadBalancer"
            service.status.loadBalancer.ingress = [LoadBalancerIngress { $0.ip = TraceTrafficTests.balancer }]
            change(&service)
            return service
        }

        private func slice(_ endpoints: [String: Bool]) -> EndpointSlice {
            var slice = EndpointSlice {
                $0.addressType = "IPv4"
                $0.ports = [DiscoveryV1EndpointPort { $0.port = 8080 }]
            }
            slice.metadata.namespace = "default"
            slice.metadata.labels = ["kubernetes.io/service-name": "web"]
            slice.endpoints = endpoints.sorted { $0.key < $1.key }.map { name, isReady in
                let address = pods.first { $0.name == name }?.address
                return Endpoint {
                    $0.addresses = [address.map { "\($0)" } ?? "10.79.200.9"]
                    $0.nodeName = name == "far" ? "there" : "here"
                    $0.conditions = EndpointConditions { $0.ready = isReady }
                }
            }
            return slice
        }

        private func object(_ pod: NetworkPod) -> Pod {
            var object = Pod { $0.metadata.name = pod.name }
            object.metadata.namespace = "default"
            object.metadata.labels = ["pod": pod.name]
            object.spec.nodeName = "here"
            object.status.podIP = "\(pod.address)"
            return object
        }

        private func policy(_ name: String, _ spec: JSONValue) -> NetworkPolicy {
            let json: JSONValue = [
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": ["name": .string(name), "namespace": "default"], "spec": spec,
            ]
            guard let policy = NetworkPolicy.decode(json).0 else { preconditionFailure("no policy: \(json)") }
            return policy
        }

        /// Connects from there.
        ///
        /// - Parameter waits: Whether a connection is expected; where none is, silence counts as such, which a slow machine cannot disprove.
        func passes(from: String, _ host: String, _ port: UInt16, waits: Bool) throws -> Bool {
            guard let address = Netlink.IPAddress(host) else { return false }
            func call() throws -> Bool {
                let client = try TestSocket(isStream: true)
                client.connect(address, port)
                var ended: CInt?
                let silence = ContinuousClock.now + .milliseconds(300)
                _ = blockUntil {
                    ended = client.outcome
                    return ended != nil || (!waits && ContinuousClock.now > silence)
                }
                for server in servers { while server.hasConnection { _ = server.accept() } }
                return ended == 0
            }
            if let pod = pods.first(where: { $0.name == from }) { return try pod.inside(call) }
            return from == "outside" ? try outside.inside(call) : try call()
        }
    }

    private struct Case {
        var name: String
        var endpoints: [String: Bool]
        var policies: [(String, JSONValue)] = []
        var change: @Sendable (inout Service) -> Void = { _ in }
    }

    private static func from(_ pod: String) -> JSONValue { ["from": [["podSelector": ["matchLabels": ["pod": .string(pod)]]]]] }

    private static let cases: [Case] = [
        .init(name: "open", endpoints: ["a": true, "b": true]),
        .init(name: "no endpoint", endpoints: [:]),
        .init(name: "no endpoint that is ready", endpoints: ["a": false]),
        .init(name: "external Local, endpoint here", endpoints: ["a": true], change: { $0.spec.externalTrafficPolicy = "Local" }),
        .init(name: "external Local, no endpoint at all", endpoints: [:], change: { $0.spec.externalTrafficPolicy = "Local" }),
        .init(name: "internal Local, endpoint elsewhere", endpoints: ["far": true], change: { $0.spec.internalTrafficPolicy = "Local" }),
        .init(
            name: "source ranges that leave the outside out", endpoints: ["a": true],
            change: { $0.spec.loadBalancerSourceRanges = ["198.51.100.0/24"] }),
        .init(
            name: "source ranges with the outside", endpoints: ["a": true],
            change: { $0.spec.loadBalancerSourceRanges = ["192.0.2.0/24"] }),
        .init(
            name: "a balancer with a device of its own", endpoints: ["a": true],
            change: { $0.status.loadBalancer.ingress[0].ipMode = "Proxy" }),
        .init(name: "nothing may come", endpoints: ["a": true], policies: [("deny", ["podSelector": ["matchLabels": ["pod": "a"]]])]),
        .init(
            name: "only b may come", endpoints: ["a": true],
            policies: [("only-b", ["podSelector": ["matchLabels": ["pod": "a"]], "ingress": [from("b")]])]),
        .init(
            name: "c may call nobody", endpoints: ["a": true, "b": true],
            policies: [("mute", ["podSelector": ["matchLabels": ["pod": "c"]], "policyTypes": ["Egress"]])]),
        .init(
            name: "c may call port 8080, the target's and not the service's", endpoints: ["a": true],
            policies: [
                (
                    "eighty",
                    ["podSelector": ["matchLabels": ["pod": "c"]], "policyTypes": ["Egress"], "egress": [["ports": [["port": 8080]]]]]
                )
            ]),
        .init(
            name: "c may call port 80, which no pod has", endpoints: ["a": true],
            policies: [
                (
                    "eighty",
                    ["podSelector": ["matchLabels": ["pod": "c"]], "policyTypes": ["Egress"], "egress": [["ports": [["port": 80]]]]]
                )
            ]),
        .init(name: "a affinity", endpoints: ["a": true, "b": true], change: { $0.spec.sessionAffinity = "ClientIP" }),
    ]

    @Test func `what is traced is what happens`() throws {
        let left = try NetworkScene.run(podCIDR: "10.79.4.0/24") { scene in
            let setting = try Setting(scene)
            var wrong: [String] = []
            var verdicts: [String: Int] = [:]
            for entry in Self.cases {
                try setting.put(entry.endpoints, entry.policies, entry.change)
                let tracer = PacketTracer(setting.objects)
                let targets: [(String, UInt16)] = [
                    ("10.96.0.7", 80), ("10.96.0.9", 80), (Self.balancer, 80), ("\(OutsideMachine.nodeAddress)", UInt16(Self.nodePort)),
                    ("\(setting.pods[0].address)", 8080),
                ]
                for (from, end) in [
                    ("b", TraceEnd.pod(ObjectKey(namespace: "default", name: "b"))),
                    ("c", .pod(ObjectKey(namespace: "default", name: "c"))), ("node", .node(nil)),
                    ("outside", .address("\(OutsideMachine.address)")),
                ] {
                    for (host, port) in targets {
                        // The outside has no way to services' own addresses, and a device of its own may be anywhere.
                        if from == "outside", host.hasPrefix("10.96.") { continue }
                        if entry.name.contains("device"), host == Self.balancer { continue }
                        // The node has no route to balancers here.
                        if from == "node", host == Self.balancer { continue }
                        let trace = try tracer.trace(end, TraceTarget(parsing: "\(host):\(port)", namespace: "default"))
                        verdicts[trace.verdict.rawValue, default: 0] += 1
                        // Nobody is at the other node.
                        if trace.isAllowed, trace.text.contains("10.79.200.9") { continue }
                        // Some of several: whether it gets through is a matter of luck.
                        if trace.verdict == .partly { continue }
                        let passes = try setting.passes(from: from, host, port, waits: trace.isAllowed)
                        if passes != trace.isAllowed {
                            wrong.append("\(entry.name): \(from) → \(host):\(port): \(passes), but \(trace.text)")
                        }
                    }
                }
            }
            #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(4).joined(separator: "\n"))")
            #expect((verdicts["allowed"] ?? 0) > 100 && (verdicts["refused"] ?? 0) > 20 && (verdicts["dropped"] ?? 0) > 10, "\(verdicts)")
            try setting.outside.close()
        }
        #expect(left == [])
    }
}
