// Containers as CRI v1 has them: runtime.v1 ContainerConfig, ContainerStatus and what they hold.

package struct ContainerMetadata: Sendable, Hashable, Codable {
    package var name: String
    /// How many containers of this name the pod had before: the restart count.
    package var attempt: UInt32
    package init(name: String, attempt: UInt32 = 0) {
        self.name = name
        self.attempt = attempt
    }
}

package struct ImageSpec: Sendable, Hashable, Codable {
    /// A reference or an image id.
    package var image: String
    /// As the pod's spec has it.
    package var userSpecifiedImage = ""
    package init(image: String) { self.image = image }
}

package enum MountPropagation: String, Sendable, Hashable, Codable { case `private`, hostToContainer, bidirectional }

package struct Mount: Sendable, Hashable, Codable {
    package var containerPath: String
    /// Must exist.
    package var hostPath: String
    /// Below `hostPath`, never leaving it through links; made as a directory (0750) when absent. Empty: `hostPath` itself.
    /// (Not in CRI v1: the kubelet of upstream binds the resolved path first. Here it is resolved race-free by the process that mounts.)
    package var subPath = ""
    package var readonly = false
    package var recursiveReadOnly = false
    package var propagation = MountPropagation.private
    /// An image mounted instead of `hostPath` when not nil; always read-only.
    package var image: ImageSpec?
    package var imageSubPath = ""
    package var uidMappings: [IDMapping] = []
    package var gidMappings: [IDMapping] = []
    package init(containerPath: String, hostPath: String) {
        self.containerPath = containerPath
        self.hostPath = hostPath
    }
}

package struct Device: Sendable, Hashable, Codable {
    package var containerPath: String
    package var hostPath: String
    /// Some of `rwm`.
    package var permissions: String
    package init(containerPath: String, hostPath: String, permissions: String) {
        self.containerPath = containerPath
        self.hostPath = hostPath
        self.permissions = permissions
    }
}

package struct HugepageLimit: Sendable, Hashable, Codable {
    /// As the kernel names the file: `2MB`, `1GB`.
    package var pageSize: String
    package var limit: UInt64
    package init(pageSize: String, limit: UInt64) {
        self.pageSize = pageSize
        self.limit = limit
    }
}

package struct LinuxContainerResources: Sendable, Hashable, Codable {
    /// Microseconds; 0 = default 100 000.
    package var cpuPeriod: Int64 = 0
    /// Microseconds per period; 0 = no limit.
    package var cpuQuota: Int64 = 0
    /// cgroup v1 shares, converted to cpu.weight; 0 = not set.
    package var cpuShares: Int64 = 0
    /// Bytes; 0 = no limit.
    package var memoryLimitInBytes: Int64 = 0
    /// Memory and swap together; equal to the memory limit = no swap; 0 = not set.
    package var memorySwapLimitInBytes: Int64 = 0
    package var oomScoreAdj: Int64 = 0
    package var cpusetCPUs = ""
    package var cpusetMems = ""
    package var hugepageLimits: [HugepageLimit] = []
    /// cgroup v2 file → value, written last.
    package var unified: [String: String] = [:]
    package init() {}
}

/// Names without `CAP_`; `ALL` is accepted.
package struct Capability: Sendable, Hashable, Codable {
    package var add: [String] = []
    package var drop: [String] = []
    package var addAmbient: [String] = []
    package init() {}
}

package struct LinuxContainerSecurityContext: Sendable, Hashable, Codable {
    package var capabilities = Capability()
    package var privileged = false
    package var namespaceOptions = NamespaceOption()
    package var runAsUser: Int64?
    package var runAsUsername = ""
    /// An error without a user.
    package var runAsGroup: Int64?
    package var supplementalGroups: [Int64] = []
    package var supplementalGroupsPolicy = SupplementalGroupsPolicy.merge
    package var readonlyRootfs = false
    package var noNewPrivs = false
    package var maskedPaths: [String] = []
    package var readonlyPaths: [String] = []
    package var seccomp: SecurityProfile = .unconfined
    package var appArmor: SecurityProfile?
    package init() {}
}

package struct ContainerConfig: Sendable, Hashable, Codable {
    package var metadata: ContainerMetadata
    package var image: ImageSpec
    /// Replaces the image's entrypoint; with it and no args the image's cmd is dropped.
    package var command: [String] = []
    /// Replaces the image's cmd.
    package var args: [String] = []
    /// Empty: the image's, else `/`.
    package var workingDir = ""
    /// `NAME=value`, in order; added to the image's, the later wins.
    package var envs: [EnvironmentVariable] = []
    package var mounts: [Mount] = []
    package var devices: [Device] = []
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    /// Relative to the sandbox's log directory; empty: output is discarded.
    package var logPath = ""
    package var stdin = false
    package var stdinOnce = false
    package var tty = false
    package var resources = LinuxContainerResources()
    package var securityContext = LinuxContainerSecurityContext()
    /// Signal number; nil: the image's, else SIGTERM.
    package var stopSignal: Int32?

    package init(metadata: ContainerMetadata, image: ImageSpec) {
        self.metadata = metadata
        self.image = image
    }
}

package struct EnvironmentVariable: Sendable, Hashable, Codable {
    package var name: String
    package var value: String
    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

package enum ContainerState: String, Sendable, Hashable, Codable { case created, running, exited, unknown }

package struct ContainerUser: Sendable, Hashable, Codable {
    package var uid: Int64
    package var gid: Int64
    package var supplementalGroups: [Int64]
    package init(uid: Int64, gid: Int64, supplementalGroups: [Int64]) {
        self.uid = uid
        self.gid = gid
        self.supplementalGroups = supplementalGroups
    }
}

package struct ContainerStatus: Sendable, Hashable, Codable {
    package var id: String
    package var sandboxID: String
    package var metadata: ContainerMetadata
    package var state: ContainerState
    /// Nanoseconds since the epoch; 0 = not yet.
    package var createdAt: Int64
    package var startedAt: Int64 = 0
    package var finishedAt: Int64 = 0
    /// 128 + signal for a death by signal; 255 when unknown; 128 when the start failed.
    package var exitCode: Int32 = 0
    /// The signal that ended it; 0: it exited by itself, or nobody knows.
    package var exitSignal: Int32 = 0
    package var coreDumped = false
    package var image: ImageSpec
    /// A repository digest when known, else the image id.
    package var imageRef = ""
    package var imageID = ""
    /// `Completed`, `Error`, `OOMKilled`, `StartError`, `ContainerStatusUnknown` once exited.
    package var reason = ""
    package var message = ""
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var mounts: [Mount] = []
    /// Absolute.
    package var logPath = ""
    package var resources = LinuxContainerResources()
    package var user: ContainerUser?
    package var stopSignal: Int32 = 15
    /// In the runtime's pid namespace; 0 = not running.
    package var pid: Int32 = 0
    /// What was asked for and could not be set on this machine, one line each (missing cgroup controllers, refused oom_score_adj).
    package var unenforced: [String] = []

    package init(id: String, sandboxID: String, metadata: ContainerMetadata, state: ContainerState, createdAt: Int64, image: ImageSpec) {
        self.id = id
        self.sandboxID = sandboxID
        self.metadata = metadata
        self.state = state
        self.createdAt = createdAt
        self.image = image
    }
}

package struct ContainerFilter: Sendable, Hashable {
    package var id: String?
    package var state: ContainerState?
    package var sandboxID: String?
    /// All must be equal.
    package var labels: [String: String] = [:]
    package init() {}
}

package struct ExecSyncResult: Sendable, Hashable {
    /// Each capped at 16 MiB; the rest is read and dropped.
    package var stdout: [UInt8]
    package var stderr: [UInt8]
    package var exitCode: Int32
    package init(stdout: [UInt8], stderr: [UInt8], exitCode: Int32) {
        self.stdout = stdout
        self.stderr = stderr
        self.exitCode = exitCode
    }
}
