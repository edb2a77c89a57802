internal import Netlink

/// The networks of a cluster's pods and services, checked against each other.
struct ClusterAddresses {
    static let defaultClusterCIDR = "10.244.0.0/16"

    let clusterCIDR: String
    /// Of the node beside the control plane.
    let podCIDR: String

    /// - Parameters:
    ///   - cluster: As the user has it; nil: the default, or the node's own network where that is outside of it.
    ///   - pods: The same of the node's; nil: the first part of the cluster's.
    /// - Throws: `UsageError` that names the options.
    init(cluster: String?, pods: String?, services: String, maskSize: Int) throws {
        let own = try pods.map { try Self.network("--pod-cidr", $0) }
        var whole = try Self.network("--cluster-cidr", cluster ?? Self.defaultClusterCIDR)
        if cluster == nil, let own, !whole.contains(own) { whole = own }
        // A node whose network is the whole cluster's leaves no part for others, which is said when one comes.
        let size = max(maskSize, whole.length)
        guard (8...30).contains(maskSize), size - whole.length <= 16 else {
            throw UsageError("--node-cidr-mask-size \(maskSize): must be 8 to 30, and at most 16 more than the cluster's \(whole)")
        }
        if let services = IPPrefix(services), services.network.overlaps(whole) {
            throw UsageError("--service-cidr \(services): overlaps the pods' \(whole)")
        }
        clusterCIDR = "\(whole)"
        guard let first = IPPrefix(whole.address, length: own?.length ?? size) else {
            throw UsageError("--pod-cidr: has no place in \(whole)")
        }
        podCIDR = "\(own ?? first)"
    }

    private static func network(_ option: String, _ text: String) throws -> IPPrefix {
        guard let prefix = IPPrefix(text), prefix.family == .v4 else {
            throw UsageError("\(option) \(text): must be an IPv4 network, such as \(defaultClusterCIDR)")
        }
        return prefix.network
    }
}
