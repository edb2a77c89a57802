internal import KubernetesAPI
internal import Netlink

/// A node as the way to its pods depends on it.
struct PeerNode: Hashable, Sendable {
    var name: String
    var podCIDRs: [IPPrefix]
    /// Its own, as its status has them (InternalIP).
    var addresses: [IPAddress]
}

extension PeerNode {
    /// What can't be read is as if it were not there: the API server refuses it anyway.
    init(_ node: Node) {
        name = node.metadata.name ?? ""
        let ranges = node.spec.podCIDRs.isEmpty ? [node.spec.podCIDR].compactMap { $0 } : node.spec.podCIDRs
        podCIDRs = ranges.compactMap { IPPrefix($0)?.network }
        addresses = node.status.addresses.filter { $0.type == "InternalIP" }.compactMap { IPAddress($0.address) }
    }

    func address(_ family: IPAddress.Family) -> IPAddress? { addresses.first { $0.family == family } }
}
