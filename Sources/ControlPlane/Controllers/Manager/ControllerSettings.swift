package import APIMachinery

/// What the composition tells the controllers of this cluster.
package struct ControllerSettings: Sendable {
    /// Networks of which each node gets a part for its pods, one of each family; empty: nodes get none.
    package var clusterCIDRs: [String] = []
    /// The prefix lengths of those parts; nil: 24 and 64.
    package var nodeMaskSizes: (ipv4: Int?, ipv6: Int?) = (nil, nil)
    /// Whether a node agent gets a certificate for its own API without an administrator; nil: it does not.
    package var servingApproval: ServingApproval?
    /// Whether nodes' own DNS servers are shown behind the service `kube-dns`.
    package var hasClusterDNS = false
    /// The node whose DNS server the control plane shows itself.
    package var clusterDNSNode: String?
    /// After so long without a word a node counts as lost; nil: upstream's 50 s.
    package var nodeGracePeriod: Duration?

    /// nil: the provisioner of local volumes makes none, and says so.
    package var localVolumes: LocalVolumes?
    /// nil: requests for certificates are approved, but not signed.
    package var authority: ClusterAuthority?
    package var loadBalancers = LoadBalancerAddresses.nodes
    /// Whether a program of the machine that has this address listens on the port; nil: not known here.
    package var isPortOccupied: (@Sendable (IPAddress, BalancedPort) -> Bool)?
    /// Runs the tasks that controllers begin while they run; nil: the usual threads do.
    package var executor: (any TaskExecutor)?

    package init() {}
}

/// The certificate authority of the cluster, in PEM; the key is ECDSA on P-256.
package struct ClusterAuthority: Sendable {
    package var certificate: String
    package var privateKey: String

    package init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }
}

/// Where a node's directories for volumes are, and how they go.
package struct LocalVolumes: Sendable {
    /// The directory that holds the volumes' ones, the same on every node.
    package var root: String
    /// Removes a volume's directory and all that is in it.
    package var remove: @Sendable (_ node: String, _ path: String) async throws -> Void

    package init(root: String, remove: @escaping @Sendable (_ node: String, _ path: String) async throws -> Void) {
        self.root = root
        self.remove = remove
    }
}
