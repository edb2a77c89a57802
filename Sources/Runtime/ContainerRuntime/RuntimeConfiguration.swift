package import Cgroups
package import ImageStore
package import LinuxSystem

/// What one instance of the native runtime is made from. Two instances with different names and directories work side by side.
package struct RuntimeConfiguration: Sendable {
    /// Images, containers' writable layers, address reservations. Survives a reboot. Absolute.
    package var dataDirectory: String
    /// Sockets and live state, on a file system that a reboot empties. Absolute.
    package var runDirectory: String
    /// Names the bridge, the nftables table and the cgroup of the supervisors: `[a-z0-9-]`, 1...63 characters.
    package var instance: String
    package var cgroups: CgroupHierarchy
    /// As for `CgroupHierarchy.absolutePath(root:)`. Pods' `cgroupParent` is below it.
    package var cgroupRoot: String
    /// nil: pods have a network namespace with nothing but `lo` in it.
    package var network: Network?
    /// Path of `swiftlet-supervisor`. Run from a sealed copy in memory, so that no container can change it.
    package var supervisorExecutable: String
    /// Supervisors started ahead, so that a pod's start finds one running. For a daemon; each takes some 200 KiB.
    package var spareSupervisors = 0
    package var log = LogPolicy()
    /// Where images come from.
    package var registries = RegistryConfiguration()
    /// Of every container's first process; CRI has no field for them.
    package var resourceLimits: [ResourceLimit] = []
    /// How long a container may take to end after SIGKILL.
    package var killTimeout: Duration = .seconds(10)
    /// Told in one line what went wrong without making a request fail.
    package var report: @Sendable (String) -> Void = { _ in }

    package struct Network: Sendable {
        package var podCIDRs: [String]
        /// Network namespaces kept ready, so that a pod's start finds one made.
        package var poolSize: Int
        /// Pods' addresses are hidden behind the node's when they talk to the outside; needs nftables in the kernel.
        package var masquerade = true
        /// Pods of the whole cluster: their addresses are hidden from none of them.
        package var clusterCIDRs: [String] = []
        /// Of pods' links, in bytes; nil: that of the link with the default route.
        package var mtu: UInt32?
        package init(podCIDRs: [String], poolSize: Int = 0) {
            self.podCIDRs = podCIDRs
            self.poolSize = poolSize
        }
    }

    /// Rotation of containers' logs (the kubelet's containerLogMaxSize and containerLogMaxFiles).
    package struct LogPolicy: Sendable, Hashable {
        package var maxSizeBytes: UInt64 = 10 << 20
        package var maxFiles: UInt32 = 5
        package init() {}
    }

    package init(
        dataDirectory: String, runDirectory: String, instance: String, cgroups: CgroupHierarchy, cgroupRoot: String,
        supervisorExecutable: String, network: Network? = nil
    ) {
        self.dataDirectory = dataDirectory
        self.runDirectory = runDirectory
        self.instance = instance
        self.cgroups = cgroups
        self.cgroupRoot = cgroupRoot
        self.supervisorExecutable = supervisorExecutable
        self.network = network
    }

    /// What a daemon keeps ready: enough for the pods that it starts at once while others are being made.
    package mutating func keepSpares() {
        network?.poolSize = 16
        spareSupervisors = 4
    }
}
