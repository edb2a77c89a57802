internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
internal import Netlink

/// What a NetworkPolicy says, read once: selectors parsed, networks in their shortest form, ports as ranges.
struct PolicyRules: Hashable, Sendable {
    struct Rule: Hashable, Sendable {
        /// nil: everybody.
        var peers: [Peer]?
        /// nil: everything, whatever the protocol.
        var ports: [Port]?
    }
    enum Peer: Hashable, Sendable {
        case pods(PodGroup)
        case block(IPPrefix, except: [IPPrefix])
    }
    enum Port: Hashable, Sendable {
        case every(TransportProtocol)
        case range(TransportProtocol, ClosedRange<UInt16>)
        case named(PortName)
    }

    /// Those that it isolates.
    var subject: PodGroup
    /// What is allowed; nil: it does not isolate in this direction.
    private(set) var rules: [Direction: [Rule]] = [:]

    var groups: Set<PodGroup> {
        Set(
            rules.values.joined().flatMap { $0.peers ?? [] }.compactMap { peer in
                if case .pods(let group) = peer { group } else { nil }
            })
    }
    var portNames: Set<PortName> {
        Set(
            rules.values.joined().flatMap { $0.ports ?? [] }.compactMap { port in
                if case .named(let name) = port { name } else { nil }
            })
    }
}

/// As seen from the pod that is isolated.
enum Direction: String, Hashable, Comparable, Sendable, CaseIterable {
    case ingress, egress
    static func < (left: Direction, right: Direction) -> Bool { left.rawValue < right.rawValue }
}

extension PolicyRules {
    /// What cannot be read allows nothing: a policy that is half understood never lets through more than it says.
    ///
    /// - Parameter problem: Told of each such part.
    init?(_ policy: NetworkPolicy, problem: (String) -> Void) {
        let namespace = policy.metadata.namespace ?? ""
        let spec = policy.spec
        guard let pods = Self.selector(spec.podSelector, "spec.podSelector", problem) else { return nil }
        subject = PodGroup(namespaces: .one(namespace), pods: pods)
        // The API server fills these in; the rule is the same here.
        let types = spec.policyTypes.isEmpty ? ["Ingress"] + (spec.egress.isEmpty ? [] : ["Egress"]) : spec.policyTypes
        if types.contains("Ingress") {
            rules[.ingress] = spec.ingress.enumerated().map { index, rule in
                Self.rule(rule.from, rule.ports, "spec.ingress[\(index)]", peers: "from", namespace, problem)
            }
        }
        if types.contains("Egress") {
            rules[.egress] = spec.egress.enumerated().map { index, rule in
                Self.rule(rule.to, rule.ports, "spec.egress[\(index)]", peers: "to", namespace, problem)
            }
        }
    }

    private static func rule(
        _ peers: [NetworkPolicyPeer], _ ports: [NetworkPolicyPort], _ path: String, peers field: String, _ namespace: String,
        _ problem: (String) -> Void
    ) -> Rule {
        Rule(
            peers: peers.isEmpty
                ? nil : peers.enumerated().compactMap { Self.peer($0.element, "\(path).\(field)[\($0.offset)]", namespace, problem) },
            ports: ports.isEmpty ? nil : ports.enumerated().compactMap { Self.port($0.element, "\(path).ports[\($0.offset)]", problem) })
    }

    private static func peer(_ peer: NetworkPolicyPeer, _ path: String, _ namespace: String, _ problem: (String) -> Void) -> Peer? {
        if let block = peer.ipBlock {
            guard let network = IPPrefix(block.cidr)?.network else {
                problem("\(path).ipBlock.cidr: \(block.cidr): is not a network in CIDR notation; the peer is left out")
                return nil
            }
            let exceptions = block.except.map { IPPrefix($0)?.network }
            guard !exceptions.contains(nil) else {
                problem("\(path).ipBlock.except: \(block.except.joined(separator: ", ")): must be networks; the peer is left out")
                return nil
            }
            return .block(network, except: outermost(exceptions.compactMap(\.self)))
        }
        guard peer.podSelector != nil || peer.namespaceSelector != nil else {
            problem("\(path): names nobody")
            return nil
        }
        guard let pods = selector(peer.podSelector ?? LabelSelector(), "\(path).podSelector", problem) else { return nil }
        guard let wanted = peer.namespaceSelector else { return .pods(PodGroup(namespaces: .one(namespace), pods: pods)) }
        guard let namespaces = selector(wanted, "\(path).namespaceSelector", problem) else { return nil }
        return .pods(PodGroup(namespaces: .matching(namespaces), pods: pods))
    }

    private static func port(_ port: NetworkPolicyPort, _ path: String, _ problem: (String) -> Void) -> Port? {
        guard let transport = TransportProtocol(kubernetes: port.protocol) else {
            problem("\(path).protocol: \(port.protocol ?? ""): must be TCP, UDP or SCTP; the port is left out")
            return nil
        }
        switch port.port {
        case nil: return .every(transport)
        case .string(let name): return .named(PortName(transport: transport, name: name))
        case .int(let number):
            guard let first = UInt16(exactly: number), let last = UInt16(exactly: port.endPort ?? number), first <= last else {
                problem("\(path): \(number) to \(port.endPort ?? number): is no range of ports; the port is left out")
                return nil
            }
            return .range(transport, first...last)
        }
    }

    private static func selector(_ selector: LabelSelector, _ path: String, _ problem: (String) -> Void) -> Selector? {
        do throws(SelectorError) {
            return try selector.selector()
        } catch {
            problem("\(path): \(error.description)")
            return nil
        }
    }

    /// Without networks that others contain: nft(8) takes no overlaps in a list.
    private static func outermost(_ networks: [IPPrefix]) -> [IPPrefix] {
        let all = Set(networks)
        return all.filter { network in !all.contains { $0 != network && $0.contains(network) } }
            .sorted { ($0.address, $0.length) < ($1.address, $1.length) }
    }
}
