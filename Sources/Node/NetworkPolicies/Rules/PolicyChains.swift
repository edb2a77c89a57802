internal import Netlink
internal import Nftables

/// The chains of one policy: `policyN-ingress` and `policyN-egress` accept what the policy allows and say nothing of the rest. Pure.
struct PolicyChains {
    let rules: PolicyRules
    let id: Int
    let families: [IPAddress.Family]
    /// Numbers of the sets of groups and of named ports.
    let groups: [PodGroup: Int]
    let ports: [PortName: Int]

    var fragment: RuleFragment {
        var result = RuleFragment()
        for (direction, allowed) in rules.rules {
            result.chains[Self.name(id, direction)] = allowed.flatMap { lines($0, direction) }
        }
        return result
    }

    static func name(_ id: Int, _ direction: Direction) -> String { "policy\(id)-\(direction.rawValue)" }
    static func groupSet(_ id: Int, _ family: IPAddress.Family) -> String { "pods\(id)v\(family.version)" }
    static func portSet(_ id: Int, _ family: IPAddress.Family) -> String { "port\(id)v\(family.version)" }

    /// A match of nft(8), and the family that it is for; nil: both.
    private struct Match {
        var text: String
        var family: IPAddress.Family?
    }

    private func lines(_ rule: PolicyRules.Rule, _ direction: Direction) -> [String] {
        let peers = rule.peers.map { $0.flatMap { matches($0, direction) } } ?? [Match(text: "")]
        let ports = rule.ports.map { matches($0) } ?? [Match(text: "")]
        return peers.flatMap { peer in
            ports.compactMap { port in
                if let one = peer.family, let other = port.family, one != other { return nil }
                return [peer.text, port.text, "accept"].filter { !$0.isEmpty }.joined(separator: " ")
            }
        }
    }

    private func matches(_ peer: PolicyRules.Peer, _ direction: Direction) -> [Match] {
        let end = direction == .ingress ? "saddr" : "daddr"
        switch peer {
        case .pods(let group):
            guard let id = groups[group] else { return [] }
            return families.map { Match(text: "\($0.keyword) \(end) @\(Self.groupSet(id, $0))", family: $0) }
        case .block(let network, let exceptions):
            guard families.contains(network.family) else { return [] }
            let keyword = network.family.keyword
            // nft(8) has no word for all addresses of a family but the family.
            let all = network.length == 0 ? "meta nfproto \(network.family == .v4 ? "ipv4" : "ipv6")" : "\(keyword) \(end) \(network)"
            let but =
                exceptions.isEmpty ? "" : " \(keyword) \(end) != { \(exceptions.map(\.description).joined(separator: ", ")) }"
            return [Match(text: all + but, family: network.family)]
        }
    }

    private func matches(_ wanted: [PolicyRules.Port]) -> [Match] {
        var result: [Match] = []
        var ranges: [TransportProtocol: [ClosedRange<UInt16>]] = [:]
        var whole: Set<TransportProtocol> = []
        for port in wanted {
            switch port {
            case .every(let transport): whole.insert(transport)
            case .range(let transport, let range): ranges[transport, default: []].append(range)
            case .named(let name):
                guard let id = ports[name] else { continue }
                result += families.map {
                    Match(text: "\($0.keyword) daddr . meta l4proto . th dport @\(Self.portSet(id, $0))", family: $0)
                }
            }
        }
        let transports = whole.union(ranges.keys).sorted { $0.rawValue < $1.rawValue }
        return transports.map { transport in
            if whole.contains(transport) { return Match(text: "meta l4proto \(transport.rawValue)") }
            let texts = Self.merged(ranges[transport] ?? []).map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
            }
            return Match(text: "\(transport.rawValue) dport \(texts.count == 1 ? texts[0] : "{ \(texts.joined(separator: ", ")) }")")
        } + result
    }

    /// In order, without overlaps: nft(8) takes none in a list.
    static func merged(_ ranges: [ClosedRange<UInt16>]) -> [ClosedRange<UInt16>] {
        ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { result, range in
            guard let last = result.last, Int(range.lowerBound) <= Int(last.upperBound) + 1 else { return result.append(range) }
            result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        }
    }
}

extension IPAddress.Family {
    var version: Int { self == .v4 ? 4 : 6 }
    /// As nft(8) calls the header.
    var keyword: String { self == .v4 ? "ip" : "ip6" }
    /// As nft(8) calls the type of an address.
    var type: String { self == .v4 ? "ipv4_addr" : "ipv6_addr" }
}
