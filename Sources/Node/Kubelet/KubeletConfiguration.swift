package import APIMachinery
internal import CRI
package import KubernetesAPI

/// What the node agent has to know. Read once; field names follow `KubeletConfiguration` where it has them.
package struct KubeletConfiguration: Sendable {
    package var nodeName = "localhost"
    /// The node's addresses, the first one first in statuses.
    package var hostIPs: [String] = []
    /// Holds `pods/<UID>/…`.
    package var rootDirectory = "/var/lib/swiftlet"
    /// Holds `<namespace>_<name>_<uid>/<container>/<N>.log`.
    package var podLogsDirectory = "/var/log/pods"
    /// Labels of every sandbox and container of this agent. It leaves alone what does not bear them.
    package var ownerLabels: [String: String] = [:]
    /// Whether pods of this owner that no source knows are stopped and removed.
    package var killsUnknownPods = true
    /// Whether a removed pod takes its logs with it.
    package var removesLogs = true

    /// Whether pods can expect a cluster around them, and are told when a part of it is missing.
    package var isInCluster = false
    package var clusterDNS: [String] = []
    package var clusterDomain = "cluster.local"
    package var resolvConf = ResolvConf()
    /// Text of the node's own hosts file, for pods with the host's network.
    package var nodeHostsFile = ""

    package var seccompDefault = false
    /// One image at a time for the whole node. (The kubelet's default; here a slow registry does not hold up the others.)
    package var serializeImagePulls = false
    /// Where they are not serialised; nil: as many as pods want.
    package var maxParallelImagePulls: Int?
    /// When unused images are removed to make room on their file system.
    package var imageGC = ImageGCPolicy()
    /// What the node itself may show to registries, asked for each pull.
    package var imageCredentials: @Sendable () -> DockerKeyring = { DockerKeyring() }
    /// Names, or beginnings with a `*` at the end.
    package var allowedUnsafeSysctls: [String] = []
    package var cpuCFSQuotaPeriodMicroseconds = CPUArithmetic.defaultPeriod
    /// When false, limits of CPU are not set in the kernel.
    package var cpuCFSQuota = true
    /// Of a pod; nil: the node's.
    package var podPidsLimit: Int64?
    /// CrashLoopBackOff's longest wait.
    package var maxContainerRestartPeriod = Duration.seconds(300)
    /// When false, all processes of a container die when one is killed for its memory.
    package var singleProcessOOMKill = false
    /// Burstable containers get a share of the node's swap (LimitedSwap); otherwise nobody gets any.
    package var hasLimitedSwap = false
    package var node = NodeFacts()
    package var systemReserved: [String: Quantity] = [:]
    package var kubeReserved: [String: Quantity] = [:]
    package var eviction = EvictionSettings()
    /// Whether pods are ended when the node runs short, or when they take more of its disk than they may.
    package var evictsPods = false
    /// Of all pods together; nil: no limit.
    package var podsMemoryLimitBytes: Int64? {
        guard enforcesNodeAllocatable, node.memoryBytes > 0 else { return nil }
        return max(0, node.memoryBytes - reservation.value("memory"))
    }
    /// What pods may not have; follows from what is reserved and from eviction unless something else is said.
    package var reservation = NodeReservation()
    /// Whether all pods together are kept to what they may have.
    package var enforcesNodeAllocatable = true
    /// 0: as many pods as `node.maxPods` says.
    package var podsPerCore: Int64 = 0
    package var nodeStatusUpdateFrequency = Duration.seconds(10)
    /// Written so often though nothing has changed.
    package var nodeStatusReportFrequency = Duration.seconds(300)
    package var nodeLeaseDurationSeconds: Int32 = 40
    /// Images that the node's object lists; -1: all.
    package var nodeStatusMaxImages = 50
    /// So old may be what is told of directories' sizes.
    package var volumeStatsAggPeriod = Duration.seconds(60)
    /// Of the node's object; empty: none.
    package var providerID = ""
    package var containerLogMaxSize = Quantity(10 << 20).inBinaryUnits
    package var containerLogMaxFiles: UInt32 = 5
    /// Of the node's object, beside those that every node has.
    package var nodeLabels: [String: String] = [:]
    /// Of the node's object when it is made.
    package var registerWithTaints: [Taint] = []
    /// The addresses that the pods of this node get; nil: nobody is told.
    package var podCIDR: String?
    /// Where this agent's own HTTPS API listens; nil: nowhere.
    package var port: Int32?
    package var serverAddress = "0.0.0.0"
    /// Authorities of the API server's client certificate where that is another process; empty: the kubeconfig's.
    package var clientCAFile = ""
    /// Whether the certificate of this agent's own API is asked for from the cluster, where the agent is a process of its own.
    package var serverTLSBootstrap = false
    /// The port that is asked for; nil: the usual one, or any when that is taken.
    package var serverPort: Int?
    /// A directory of manifests of static pods, absolute.
    package var staticPodPath: String?
    /// Where `resolvConf` was read.
    package var resolvConfPath = "/etc/resolv.conf"
    /// As it stands; empty where there is none.
    package var configurationFile = JSONObject()
    /// ConfigMaps and Secrets at hand without an API server.
    package var objects = LocalObjects()
    /// Where blocking calls run; nil: where they are made (simulations).
    package var blockingExecutor: (any TaskExecutor)? = BlockingExecutor.shared

    /// Stands between probes and containers: asks, or answers itself. For experiments; nil: every probe asks.
    package var probeInterception: ProbeInterception?

    /// Pods that get a user namespace of their own take one range each, of 65536 ids.
    package var userNamespaces = UserNamespaceRanges()

    package init() {}
}

/// The machine's size, and what it is.
package struct NodeFacts: Sendable, Hashable {
    package var memoryBytes: Int64 = 0
    package var milliCPU: Int64 = 0
    /// Of the file system that holds pods' directories.
    package var ephemeralStorageBytes: Int64 = 0
    /// nil: as many as there is room for.
    package var maxPods: Int64?
    /// Processes and threads that the kernel allows; 0: not known.
    package var maxPIDs: Int64 = 0
    package var identity = NodeIdentity()
    package var allocatableMilliCPU: Int64?
    package var allocatableMemoryBytes: Int64?
    package var allocatableStorageBytes: Int64?
    /// Page size in bytes, for example 2 MiB → bytes of all its pages; for every size that the node knows, also with no page of it.
    package var hugePages: [Int64: Int64] = [:]
    package var hugePageSizes: [Int64] { hugePages.keys.sorted() }
    /// `/sys/devices/system/cpu/cpu*/thermal_throttle`, where present.
    package var extraMaskedPaths: [String] = []
    package init() {}
}

/// What `nodeInfo` says of a machine.
package struct NodeIdentity: Sendable, Hashable {
    package var machineID = ""
    package var systemUUID = ""
    /// Another one after each boot.
    package var bootID = ""
    package var kernelVersion = ""
    package var osImage = ""
    /// `swiftlet://0.1.0`
    package var containerRuntimeVersion = ""
    package var kubeletVersion = ""
    /// Go's name: `amd64`, `arm64`.
    package var architecture = ""
    package var swapBytes: Int64 = 0
    package init() {}
}

/// Host ids that user namespaces of pods may take.
package struct UserNamespaceRanges: Sendable, Hashable {
    /// Multiple of `length`; the ids below are the host's own.
    package var firstID: UInt32 = 65_536
    package var count: UInt32 = 1_024
    package static let length: UInt32 = 65_536
    package init() {}
}
