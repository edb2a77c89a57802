internal import APIMachinery

/// What every node has to know of the cluster's network: the ConfigMap `kube-system/swiftlet-network`, which the server keeps true.
package struct ClusterNetworkFacts: Hashable, Sendable {
    package static let namespace = "kube-system"
    package static let mapName = "swiftlet-network"

    /// Networks of the pods of all nodes, one of each family at most; empty: each node has its own way.
    package var clusterCIDRs: [String] = []
    package var serviceCIDR = ""
    /// Whom pods ask for names; empty: nobody.
    package var clusterDNS = ""
    package var clusterDomain = "cluster.local"
    /// `auto`, `routes` or `vxlan`.
    package var routing = "auto"
    package var vxlanIdentifier: UInt32 = 1
    package var vxlanPort: UInt16 = 4789

    package init() {}

    /// nil: there is something else in it.
    package init?(_ data: [String: String]) {
        guard let service = data["serviceCIDR"], let routing = data["routing"], let port = data["vxlanPort"].flatMap({ UInt16($0) }),
            let identifier = data["vxlanID"].flatMap({ UInt32($0) }), identifier < 1 << 24
        else { return nil }
        clusterCIDRs = (data["clusterCIDR"] ?? "").split(separator: ",").map(String.init)
        serviceCIDR = service
        clusterDNS = data["clusterDNS"] ?? ""
        clusterDomain = data["clusterDomain"] ?? clusterDomain
        self.routing = routing
        (vxlanIdentifier, vxlanPort) = (identifier, port)
    }

    package var data: [String: String] {
        [
            "clusterCIDR": clusterCIDRs.joined(separator: ","), "serviceCIDR": serviceCIDR, "clusterDNS": clusterDNS,
            "clusterDomain": clusterDomain, "routing": routing, "vxlanID": "\(vxlanIdentifier)", "vxlanPort": "\(vxlanPort)",
        ]
    }
}
