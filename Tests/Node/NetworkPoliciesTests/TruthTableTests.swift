import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import Netlink
import NetworkTesting
import PodNetwork
import Testing

@testable import NetworkPolicies

/// Every pair of nine pods in three namespaces, on two TCP ports and one of UDP, under one set of policies after the other: what the kernel
/// lets through is what the API reference says.
@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct TruthTableTests {
    @Test func `each packet of the table passes as the policies say`() throws {
        let left = try NetworkScene.run { scene in
            let network = scene.network
            let table = try ProbeTable(scene)
            var configuration = NetworkPoliciesConfiguration(
                nodeName: "here", table: network.serviceSide.policyTable, bridge: network.bridge)
            configuration.refusal = .reject
            var engine = PolicyEngine(configuration)
            try engine.change(table.everything)
            var present: Set<ObjectKey> = []
            var cells = 0
            for (round, scenario) in PolicyScenario.all.enumerated() {
                // From one set of policies to the next without a clean table between: changes are what may go wrong.
                let policies = scenario.policies
                var changes = PolicyState.Changes()
                for key in present { changes.policies[key] = .some(nil) }
                for policy in policies {
                    changes.policies[ObjectKey(policy)] = PolicyRules(policy) { Issue.record("\(scenario.name): \($0)") }
                }
                try engine.change(changes)
                present = Set(policies.map { ObjectKey($0) })
                let oracle = PolicyOracle(policies: policies, namespaces: ProbeTable.namespaces)
                let wrong = try table.probe(round: UInt8(round), oracle)
                #expect(wrong.isEmpty, "\(scenario.name): \(wrong.count) wrong: \(wrong.prefix(5).joined(separator: "; "))")
                cells += ProbeTable.cellCount
            }
            // What `swiftlet net trace` says is the oracle's word too, cell by cell; apart from the rounds, which shall follow each other at once.
            for scenario in PolicyScenario.all {
                let oracle = PolicyOracle(policies: scenario.policies, namespaces: ProbeTable.namespaces)
                let mistraced = table.mistraced(scenario.policies, oracle)
                #expect(mistraced.isEmpty, "\(scenario.name): traced otherwise: \(mistraced.prefix(5).joined(separator: "; "))")
            }
            #expect(PolicyScenario.all.count >= 40 && cells >= 40 * 243)
        }
        #expect(left == [])
    }
}

/// Nine pods that listen, and a way to try all pairs of them at once.
private final class ProbeTable {
    static let namespaces: [String: [String: String]] = [
        "x": ["kubernetes.io/metadata.name": "x", "team": "blue"], "y": ["kubernetes.io/metadata.name": "y", "team": "blue"],
        "z": ["kubernetes.io/metadata.name": "z", "team": "red"],
    ]
    static let ports: [(transport: String, number: UInt16)] = [("TCP", 80), ("TCP", 81), ("UDP", 80)]
    static let cellCount = 9 * 9 * 3

    let pods: [PolicedPod]
    private let servers: [[TestSocket]]

    init(_ scene: NetworkScene) throws {
        let pods = try ["x", "y", "z"].flatMap { namespace in
            try ["a", "b", "c"].map { try PolicedPod(Self.pod($0, namespace), in: scene) }
        }
        servers = try pods.map { pod in
            try Self.ports.map { port in
                try pod.network.inside { try TestSocket.listening(port.number, isStream: port.transport == "TCP") }
            }
        }
        self.pods = pods
    }

    /// `web` is 80 with `a` and `b`, and 81 with `c`.
    private static func pod(_ name: String, _ namespace: String) -> Pod {
        var pod = Pod { $0.metadata.name = name }
        pod.metadata.namespace = namespace
        pod.metadata.labels = ["pod": name, "tier": name == "a" ? "front" : "back"]
        if name == "b" { pod.metadata.labels["extra"] = "yes" }
        func port(_ name: String, _ number: Int32, _ transport: String) -> ContainerPort {
            ContainerPort {
                $0.name = name
                $0.containerPort = number
                $0.protocol = transport
            }
        }
        pod.spec.containers = [
            Container { $0.ports = [port("web", name == "c" ? 81 : 80, "TCP"), port("data", 80, "UDP")] }
        ]
        return pod
    }

    var everything: PolicyState.Changes {
        .init(
            pods: Dictionary(uniqueKeysWithValues: pods.map { ($0.key, $0.policyPod) }),
            namespaces: Self.namespaces.mapValues(Optional.some))
    }

    func mistraced(_ policies: [NetworkPolicy], _ oracle: PolicyOracle) -> [String] {
        let namespaces = Self.namespaces.map { name, labels in
            Namespace {
                $0.metadata.name = name
                $0.metadata.labels = labels
            }
        }
        let trace = PolicyTrace(pods: pods.map(\.object), namespaces: namespaces, policies: policies)
        return pods.flatMap { from in
            pods.flatMap { to in
                Self.ports.compactMap { port -> String? in
                    let packet = PolicedPacket(
                        source: "\(from.network.address)", destination: "\(to.network.address)", transport: port.transport.lowercased(),
                        port: port.number)
                    let passes = trace.egress(packet).isAllowed && trace.ingress(packet).isAllowed
                    let expected = oracle.allows(from.object, to.object, port.transport, Int32(port.number))
                    return passes == expected ? nil : "\(from.key) → \(to.key) \(port.transport) \(port.number): \(passes)"
                }
            }
        }
    }

    private final class Attempt {
        let socket: TestSocket
        let (from, to, port): (Int, Int, Int)
        var passed: Bool?
        init(_ socket: TestSocket, _ from: Int, _ to: Int, _ port: Int) {
            self.socket = socket
            (self.from, self.to, self.port) = (from, to, port)
        }
        var isStream: Bool { ProbeTable.ports[port].transport == "TCP" }
    }

    /// - Parameter round: Goes into datagrams, so that one that comes late is not taken for this round's.
    /// - Returns: What did not go as the oracle says.
    func probe(round: UInt8, _ oracle: PolicyOracle) throws -> [String] {
        let attempts = try pods.indices.flatMap { from in
            try pods[from].network.inside {
                try pods.indices.flatMap { to in
                    try Self.ports.indices.map { Attempt(try TestSocket(isStream: Self.ports[$0].transport == "TCP"), from, to, $0) }
                }
            }
        }
        // Datagrams first: when the connections are decided, they have come or never will.
        for attempt in attempts.filter({ !$0.isStream }) + attempts.filter(\.isStream) {
            attempt.socket.connect(pods[attempt.to].network.address, Self.ports[attempt.port].number)
            if !attempt.isStream { _ = attempt.socket.send([round, UInt8(attempt.from)]) }
        }
        let expected = attempts.map { attempt in
            let port = Self.ports[attempt.port]
            return oracle.allows(pods[attempt.from].object, pods[attempt.to].object, port.transport, Int32(port.number))
        }
        var strays: [String] = []
        _ = blockUntil {
            for attempt in attempts where attempt.isStream && attempt.passed == nil {
                attempt.passed = attempt.socket.outcome.map { $0 == 0 }
            }
            strays += readDatagrams(round, attempts)
            return zip(attempts, expected).allSatisfy { $0.passed != nil || (!$0.isStream && !$1) }
        }
        for server in servers.joined() { while server.hasConnection { _ = server.accept() } }
        return strays
            + zip(attempts, expected).filter { ($0.passed ?? false) != $1 || ($0.isStream && $0.passed == nil) }.map { attempt, expected in
                let port = Self.ports[attempt.port]
                return "\(pods[attempt.from].key) → \(pods[attempt.to].key) \(port.transport) \(port.number): "
                    + "\(attempt.passed.map { $0 ? "passed" : "refused" } ?? "nothing"), not \(expected)"
            }
    }

    private func readDatagrams(_ round: UInt8, _ attempts: [Attempt]) -> [String] {
        var strays: [String] = []
        for (to, all) in servers.enumerated() {
            while let bytes = all[2].receive() {
                guard bytes[0] == round, let attempt = attempts.first(where: { $0.from == Int(bytes[1]) && $0.to == to && !$0.isStream })
                else {
                    strays.append("a datagram of round \(bytes[0]) from \(pods[Int(bytes[1])].key) to \(pods[to].key) came late")
                    continue
                }
                attempt.passed = true
            }
        }
        return strays
    }
}
