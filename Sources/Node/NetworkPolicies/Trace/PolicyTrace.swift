package import KubernetesAPI
package import KubernetesClient
internal import Netlink
internal import Nftables

/// A packet that opens a connection, after services' addresses have been translated: policies are about pods.
package struct PolicedPacket: Hashable, Sendable {
    package var source: String
    package var destination: String
    /// `tcp`, `udp` or `sctp`.
    package var transport: String
    package var port: UInt16

    package init(source: String, destination: String, transport: String, port: UInt16) {
        (self.source, self.destination, self.transport, self.port) = (source, destination, transport, port)
    }
}

/// What the policies of one end say of a packet, and which.
package enum PolicyJudgement: Hashable, Sendable {
    /// No policy isolates the pod in this direction.
    case open
    /// A pod that calls itself.
    case itself
    /// Of the policies that isolate it, one allows this; the path names its rule: `spec.ingress[0]`.
    case allowed(by: ObjectKey, rule: String)
    /// None of those that isolate it allows this.
    case refused(by: [ObjectKey])

    package var isAllowed: Bool {
        if case .refused = self { false } else { true }
    }
}

/// Says which policy allows or refuses a packet, from the very elements and rules that go into nodes' tables. Pure.
package struct PolicyTrace: Sendable {
    private let state: PolicyState
    /// What is in the table, whoever brings it.
    private let table: RuleState<PolicyState.Owner>
    /// What of policies cannot be read, a line each.
    package let problems: [String]

    /// - Parameters:
    ///   - pods: Of the whole cluster; each is isolated by its own node, which counts as one here.
    ///   - servers: Servers in nodes' processes that policies are about.
    package init(pods: [Pod], namespaces: [Namespace], policies: [NetworkPolicy], servers: [NodeServer] = []) {
        var state = PolicyState(families: [.v4, .v6], refusal: .drop)
        var changes = PolicyState.Changes()
        for pod in pods { changes.pods[ObjectKey(pod)] = .some(PolicyPod(pod, nil, nodeName: pod.spec.nodeName ?? "")) }
        for server in servers { changes.pods[server.pod.key] = server.pod }
        for namespace in namespaces { changes.namespaces[namespace.metadata.name ?? ""] = .some(namespace.metadata.labels) }
        var problems: [String] = []
        for policy in policies {
            let key = ObjectKey(policy)
            changes.policies[key] = .some(PolicyRules(policy) { problems.append("network policy \(key): \($0)") })
        }
        var table = RuleState<PolicyState.Owner>()
        _ = table.change(state.change(changes), table: "trace")
        (self.state, self.table, self.problems) = (state, table, problems)
    }

    /// What the policies of the packet's source say.
    package func egress(_ packet: PolicedPacket) -> PolicyJudgement { judge(packet, .egress) }
    /// What the policies of its destination say.
    package func ingress(_ packet: PolicedPacket) -> PolicyJudgement { judge(packet, .ingress) }

    /// The policies that isolate who has this address: what may come to it, and what it may call.
    package func isolation(of address: String) -> (ingress: [ObjectKey], egress: [ObjectKey]) {
        guard let address = IPAddress(address) else { return ([], []) }
        return (isolating(address, .ingress).map(\.key), isolating(address, .egress).map(\.key))
    }

    // MARK: one end

    private func judge(_ packet: PolicedPacket, _ direction: Direction) -> PolicyJudgement {
        guard let source = IPAddress(packet.source), let destination = IPAddress(packet.destination),
            let transport = TransportProtocol(rawValue: packet.transport)
        else { return .open }
        if has(PolicyBase.itself(source.family), "\(source) . \(destination)") { return .itself }
        let (own, peer) = direction == .egress ? (source, destination) : (destination, source)
        let policies = isolating(own, direction)
        guard !policies.isEmpty else { return .open }
        for (key, policy) in policies {
            for (index, rule) in (policy.rules[direction] ?? []).enumerated()
            where matches(rule.peers, peer) && matches(rule.ports, destination, transport, packet.port) {
                return .allowed(by: key, rule: "spec.\(direction.rawValue)[\(index)]")
            }
        }
        return .refused(by: policies.map(\.key))
    }

    private func isolating(_ address: IPAddress, _ direction: Direction) -> [(key: ObjectKey, rules: PolicyRules)] {
        let element = RuleFragment.Element(collection: PolicyBase.map(direction, address.family), key: "\(address)")
        guard let verdict = table.winner(element)?.data, let number = verdict.split(separator: "-").last.flatMap({ Int($0) }) else {
            return []
        }
        return state.policies(ofList: number)
    }

    private func has(_ set: String, _ key: String) -> Bool { table.winner(.init(collection: set, key: key)) != nil }

    private func matches(_ peers: [PolicyRules.Peer]?, _ address: IPAddress) -> Bool {
        guard let peers else { return true }
        return peers.contains { peer in
            switch peer {
            case .pods(let group): state.groups[group].map { has(PolicyChains.groupSet($0, address.family), "\(address)") } ?? false
            case .block(let network, let exceptions): network.contains(address) && !exceptions.contains { $0.contains(address) }
            }
        }
    }

    private func matches(_ ports: [PolicyRules.Port]?, _ target: IPAddress, _ transport: TransportProtocol, _ port: UInt16) -> Bool {
        guard let ports else { return true }
        return ports.contains { wanted in
            switch wanted {
            case .every(let own): own == transport
            case .range(let own, let range): own == transport && range.contains(port)
            case .named(let name):
                state.ports[name].map {
                    has(PolicyChains.portSet($0, target.family), "\(target) . \(transport.rawValue) . \(port)")
                } ?? false
            }
        }
    }
}
