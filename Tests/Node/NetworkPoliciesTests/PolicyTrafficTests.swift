import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import Netlink
import NetworkTesting
import Nftables
import PodNetwork
import Testing

@testable import NetworkPolicies

/// What the table of pods does not show: the node itself, connections that stand, pods that come and go.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct PolicyTrafficTests {
    /// Two pods `a` and `b` in the namespace `x`, and the engine that knows them.
    private struct Setting {
        let network: PodNetwork
        let a, b: PolicedPod
        var engine: PolicyEngine

        mutating func set(_ policies: [(String, JSONValue)]) throws {
            var changes = PolicyState.Changes()
            for (name, spec) in policies {
                changes.policies[ObjectKey(namespace: "x", name: name)] = PolicyRules(networkPolicy(name, in: "x", spec)) {
                    Issue.record("\($0)")
                }
            }
            try engine.change(changes)
        }
    }

    private func scene(refusal: NetworkPoliciesConfiguration.Refusal = .reject, _ body: (inout Setting) throws -> Void) throws {
        let left = try NetworkScene.run(podCIDR: "10.79.1.0/24") { scene in
            let network = scene.network
            var configuration = NetworkPoliciesConfiguration(
                nodeName: "here", table: network.serviceSide.policyTable, bridge: network.bridge)
            configuration.refusal = refusal
            configuration.nodeServers = [.clusterDNS(addresses: network.serviceSide.gateways)]
            let (a, b) = (try PolicedPod(Self.pod("a"), in: scene), try PolicedPod(Self.pod("b"), in: scene))
            var setting = Setting(network: network, a: a, b: b, engine: PolicyEngine(configuration))
            try setting.engine.change(.init(pods: [a.key: a.policyPod, b.key: b.policyPod]))
            try body(&setting)
        }
        #expect(left == [])
    }

    private static func pod(_ name: String) -> Pod {
        var pod = Pod { $0.metadata.name = name }
        pod.metadata.namespace = "x"
        pod.metadata.labels = ["pod": name]
        return pod
    }

    /// How a new connection from the calling thread's namespace ends; nil: not within the time.
    private func connect(_ host: Netlink.IPAddress, _ port: UInt16, seconds: Int = 20) throws -> CInt? {
        let client = try TestSocket(isStream: true)
        client.connect(host, port)
        var outcome: CInt?
        _ = blockUntil(seconds: seconds) {
            outcome = client.outcome
            return outcome != nil
        }
        return outcome
    }

    private let deny: JSONValue = ["policyTypes": ["Ingress", "Egress"]]

    @Test func `the node reaches its pods, and they the node, but for the cluster's DNS`() throws {
        try scene { scene in
            let inPod = try scene.a.network.inside { try TestSocket.listening(80) }
            let onNode = try TestSocket.listening(80)
            let names = try TestSocket.listening(53)
            let gateway = scene.a.network.gateway
            try scene.set([("deny", deny)])
            #expect(try connect(scene.a.network.address, 80) == 0)
            #expect(try scene.a.network.inside { try connect(gateway, 80) } == 0)
            #expect(try scene.a.network.inside { try connect(scene.a.network.address, 80) } == 0)
            #expect(try scene.a.network.inside { try connect(gateway, 53) } == ECONNREFUSED)
            try scene.set([
                (
                    "dns",
                    [
                        "policyTypes": ["Egress"],
                        "egress": [
                            [
                                "to": [
                                    [
                                        "namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "kube-system"]],
                                        "podSelector": ["matchLabels": ["k8s-app": "kube-dns"]],
                                    ]
                                ], "ports": [["port": "dns-tcp"]],
                            ]
                        ],
                    ]
                )
            ])
            #expect(try scene.a.network.inside { try connect(gateway, 53) } == 0)
            #expect(inPod.hasConnection)
            #expect(onNode.hasConnection)
            #expect(names.hasConnection)
        }
    }

    @Test func `a connection that stands goes on when a policy comes; a new one is refused`() throws {
        try scene { scene in
            let server = try scene.b.network.inside { try TestSocket.listening(80) }
            let client = try scene.a.network.inside { try TestSocket(isStream: true) }
            client.connect(scene.b.network.address, 80)
            #expect(blockUntil { client.outcome == 0 })
            #expect(blockUntil { server.hasConnection })
            guard let taken = server.accept() else { return }
            try scene.set([("deny", deny)])
            #expect(client.send([7]))
            #expect(blockUntil { taken.receive() == [7] })
            #expect(try scene.a.network.inside { try connect(scene.b.network.address, 80) } == ECONNREFUSED)
        }
    }

    /// Connection tracking knows a connection for ten seconds after its server has aborted it.
    @Test func `a client that takes the port of a dead connection opens a new one`() throws {
        try scene { scene in
            let server = try scene.b.network.inside { try TestSocket.listening(80) }
            func connecting() throws -> TestSocket {
                let client = try scene.a.network.inside { try TestSocket(isStream: true) }
                try client.setOwnPort(40_000)
                client.connect(scene.b.network.address, 80)
                return client
            }
            do {
                let client = try connecting()
                #expect(blockUntil { client.outcome == 0 })
                #expect(blockUntil { server.hasConnection })
                // Let go of, it ends with a reset.
                _ = server.accept()
                #expect(blockUntil { client.outcome == ECONNRESET })
            }
            try scene.set([("deny", deny)])
            let client = try connecting()
            #expect(blockUntil { client.outcome == ECONNREFUSED })
            #expect(!server.hasConnection)
        }
    }

    @Test func `what is dropped stays without an answer, and is counted`() throws {
        try scene(refusal: .drop) { scene in
            let server = try scene.b.network.inside { try TestSocket.listening(80) }
            try scene.set([("deny", ["podSelector": ["matchLabels": ["pod": "b"]]])])
            let client = try scene.a.network.inside { try TestSocket(isStream: true) }
            client.connect(scene.b.network.address, 80)
            let table = scene.network.serviceSide.policyTable
            let isCounted = try blockUntil { try Nftables().run("list table inet \(table)").contains("counter packets 1 ") }
            #expect(isCounted)
            #expect(client.outcome == nil)
            #expect(!server.hasConnection)
        }
    }

    @Test func `an address is isolated from the moment that its pod is told of, by that pod's labels`() throws {
        try scene { scene in
            try scene.set([("deny", ["podSelector": ["matchLabels": ["closed": "yes"]]])])
            let server = try scene.b.network.inside { try TestSocket.listening(80) }
            #expect(try scene.a.network.inside { try connect(scene.b.network.address, 80) } == 0)
            // Another pod has b's address now, as the runtime says; the API server still shows it with b.
            let told = AttachedPod(
                key: ObjectKey(namespace: "x", name: "c"), uid: "3", labels: ["closed": "yes"], addresses: ["\(scene.b.network.address)"],
                time: 1)
            try scene.engine.change(.init(pods: [told.key: PolicyPod(nil, told, nodeName: "here")]))
            #expect(try scene.a.network.inside { try connect(scene.b.network.address, 80) } == ECONNREFUSED)
            try scene.engine.change(.init(pods: [told.key: nil]))
            #expect(try scene.a.network.inside { try connect(scene.b.network.address, 80) } == 0)
            #expect(server.hasConnection)
        }
    }

    @Test func `a table that somebody has removed comes back with the next change`() throws {
        try scene { scene in
            let table = scene.network.serviceSide.policyTable
            try scene.set([("deny", deny)])
            try Nftables().run("add table inet foreign\ndelete table inet \(table)")
            let gone = AttachedPod(key: ObjectKey(namespace: "x", name: "c"), uid: "3", labels: [:], addresses: ["10.79.1.99"], time: 1)
            let changes = PolicyState.Changes(pods: [gone.key: PolicyPod(nil, gone, nodeName: "here")])
            #expect(throws: NetworkPoliciesError.self) { try scene.engine.change(changes) }
            try scene.engine.change(.init())
            #expect(try Nftables().run("list table inet \(table)").contains("10.79.1.99 : goto ingress-"))
            #expect(try Nftables().run("list tables").contains("table inet foreign"))
        }
    }

    /// 200 policies of 200 pods: how long a pod's coming takes does not matter here, but that nothing stays when they go.
    @Test func `after all have gone the table is as at the beginning`() throws {
        try scene { scene in
            let table = scene.network.serviceSide.policyTable
            let before = try Nftables().run("list table inet \(table)")
            var (come, go) = (PolicyState.Changes(), PolicyState.Changes())
            for number in 0..<200 {
                let key = ObjectKey(namespace: "x", name: "p\(number)")
                let told = AttachedPod(
                    key: key, uid: "\(number)", labels: ["n": "\(number % 7)"], addresses: ["10.80.0.\(number)"], time: Int64(number))
                come.pods[key] = PolicyPod(nil, told, nodeName: "here")
                let spec: JSONValue = [
                    "podSelector": ["matchLabels": ["n": .string("\(number % 9)")]],
                    "ingress": [["from": [["podSelector": ["matchLabels": ["n": .string("\(number % 5)")]]]], "ports": [["port": "p"]]]],
                ]
                come.policies[key] = PolicyRules(networkPolicy(key.name, in: "x", spec)) { _ in }
                go.pods[key] = .some(nil)
                go.policies[key] = .some(nil)
            }
            try scene.engine.change(come)
            #expect(try Nftables().run("list table inet \(table)").contains("10.80.0.199 : goto"))
            try scene.engine.change(go)
            #expect(try Nftables().run("list table inet \(table)") == before)
        }
    }
}
