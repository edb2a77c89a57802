package import Cgroups
package import CRI
package import LinuxSystem

/// Everything a container shall be, resolved: nothing in it depends any more on defaults, on the image or on who asked.
///
/// Made by `ContainerSpecResolver` without touching the machine; `ContainerPlanBuilder` turns it into the operations of a process plan.
package struct ContainerSpec: Sendable, Hashable {
    package var process: ProcessSpec
    package var isRootReadOnly = false
    /// In the order in which they are mounted: a mount below another comes after it.
    package var mounts: [MountSpec] = []
    /// Directories that the image declares as volumes and nothing is mounted on: they stay writable below a read-only root.
    package var imageVolumes: [String] = []
    package var devices: [DeviceNode] = []
    package var deviceRules: [DeviceRule]?
    package var maskedPaths: [String] = []
    package var readonlyPaths: [String] = []
    package var namespaces = ContainerNamespaces()
    package var resources = CgroupResources()
    package var stopSignal: Int32 = 15
}

/// What execve(2) starts, and as whom.
package struct ProcessSpec: Sendable, Hashable {
    /// The first one is what is started; never empty.
    package var arguments: [String]
    /// `NAME=value`, each name once.
    package var environment: [String]
    /// Absolute; made when absent.
    package var workingDirectory = "/"
    package var user = ProcessUser(uid: 0, gid: 0)
    package var capabilities = CapabilitySets(bounding: [], effective: [], permitted: [], inheritable: [], ambient: [])
    package var noNewPrivileges = false
    package var seccomp = SecurityProfile.unconfined
    package var resourceLimits: [ResourceLimit] = []
    package var oomScoreAdjust: Int32 = 0
    package var hasTerminal = false

    package init(arguments: [String], environment: [String]) {
        self.arguments = arguments
        self.environment = environment
    }
}

/// Numbers as the kernel takes them, seen from inside the container's user namespace.
package struct ProcessUser: Sendable, Hashable {
    package var uid: UInt32
    package var gid: UInt32
    /// The groups of setgroups(2), the primary one first.
    package var groups: [UInt32]
    /// From the image's passwd, `/` without an entry.
    package var home = "/"

    package init(uid: UInt32, gid: UInt32, groups: [UInt32]? = nil, home: String = "/") {
        self.uid = uid
        self.gid = gid
        self.groups = groups ?? [gid]
        self.home = home
    }
}

/// One device node in the container's `/dev`.
package struct DeviceNode: Sendable, Hashable {
    package var path: String
    package var isBlock: Bool
    package var major: UInt32
    package var minor: UInt32
    /// Permission bits.
    package var mode: UInt32

    package init(path: String, isBlock: Bool = false, major: UInt32, minor: UInt32, mode: UInt32 = 0o666) {
        self.path = path
        self.isBlock = isBlock
        self.major = major
        self.minor = minor
        self.mode = mode
    }
}

/// Which namespaces the container gets new, and which it joins.
package struct ContainerNamespaces: Sendable, Hashable {
    package enum PID: Sendable, Hashable {
        case own, host
        /// That of the pod's init process (`shareProcessNamespace`).
        case pod
        /// That of another container.
        case container(String)
    }
    package var pid = PID.own
    /// Otherwise the machine's.
    package var joinsPodNetwork = true
    package var joinsPodIPC = true
    package var joinsPodUTS = true
    /// The pod has a user namespace, which owns all the others.
    package var joinsPodUser = false
    package var ownsCgroup = true
}
