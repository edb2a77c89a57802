import ArgumentParser

/// Where an instance keeps what it has.
struct DirectoryOptions: ParsableArguments {
    @Option(
        help: "Images, snapshots, volumes and logs; the store, certificates and the administrator's kubeconfig.", completion: .directory)
    var dataDir = "/var/lib/swiftlet"

    @Option(help: "Sockets, pids and live state.", completion: .directory)
    var runDir = "/run/swiftlet"

    var absoluteDataDirectory: String { InstanceName.absolute(dataDir) }
    var absoluteRunDirectory: String { InstanceName.absolute(runDir) }
}

/// What the node of an instance is called and may use.
struct NodeOptions: ParsableArguments {
    @Option(help: "Name of this node (default: the host's name).")
    var nodeName: String?

    @Option(
        name: .customLong("pod-cidr"),
        help: "Addresses of this node's pods (default: 10.244.0.0/24, or what the cluster gives the node).")
    var podCIDR: String?

    @Flag(inversion: .prefixedNo, help: "Pods reach the outside with the node's address; needs nftables.")
    var masquerade = true

    @Option(help: "Part of the cgroup v2 tree to use (default: found by itself).")
    var cgroupRoot: String?
}

/// Where an instance lives. Two with different directories and node names run side by side on one machine.
struct InstanceOptions: ParsableArguments {
    @OptionGroup var directories: DirectoryOptions

    @OptionGroup var node: NodeOptions

    var cgroupRoot: String? { node.cgroupRoot }
    var absoluteDataDirectory: String { directories.absoluteDataDirectory }
    var absoluteRunDirectory: String { directories.absoluteRunDirectory }

    var place: InstancePlace { InstancePlace(directories, node) }
}

/// An instance's directories and its node's settings, with absolute paths.
struct InstancePlace: Sendable {
    let dataDirectory: String
    let runDirectory: String
    let nodeName: String
    var podCIDR: String
    /// Whether the user has named it.
    let isPodCIDRGiven: Bool
    /// Pods of the whole cluster.
    var clusterCIDRs: [String] = []
    /// Of pods' links, in bytes; nil: that of the machine's way out.
    var mtu: UInt32?
    let masquerade: Bool
    let cgroupRoot: String?

    static let defaultPodCIDR = "10.244.0.0/24"

    init(_ directories: DirectoryOptions, _ node: NodeOptions) {
        dataDirectory = directories.absoluteDataDirectory
        runDirectory = directories.absoluteRunDirectory
        nodeName = node.nodeName ?? Machine.hostname
        podCIDR = node.podCIDR ?? Self.defaultPodCIDR
        isPodCIDRGiven = node.podCIDR != nil
        masquerade = node.masquerade
        cgroupRoot = node.cgroupRoot
    }
}
