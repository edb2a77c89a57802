import ArgumentParser

/// Where an instance lives. Two with different directories and node names run side by side on one machine.
struct InstanceOptions: ParsableArguments {
    @Option(help: "Images, snapshots, volumes and logs.", completion: .directory)
    var dataDir = "/var/lib/swiftlet"

    @Option(help: "Sockets, network namespaces and live state.", completion: .directory)
    var runDir = "/run/swiftlet"

    @Option(help: "Name of this node (default: the host's name).")
    var nodeName: String?

    @Option(name: .customLong("pod-cidr"), help: "Addresses of the pods.")
    var podCIDR = "10.244.0.0/24"

    @Flag(inversion: .prefixedNo, help: "Pods reach the outside with the node's address; needs nftables.")
    var masquerade = true

    @Option(help: "Part of the cgroup v2 tree to use (default: found by itself).")
    var cgroupRoot: String?

    var absoluteDataDirectory: String { InstanceName.absolute(dataDir) }
    var absoluteRunDirectory: String { InstanceName.absolute(runDir) }
}
