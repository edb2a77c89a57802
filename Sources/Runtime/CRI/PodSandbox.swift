// Pod sandboxes as CRI v1 has them: runtime.v1 PodSandboxConfig, PodSandboxStatus and what they hold.

package struct PodSandboxMetadata: Sendable, Hashable, Codable {
    package var name: String
    package var uid: String
    package var namespace: String
    /// How many sandboxes this pod had before.
    package var attempt: UInt32

    package init(name: String, uid: String, namespace: String, attempt: UInt32 = 0) {
        self.name = name
        self.uid = uid
        self.namespace = namespace
        self.attempt = attempt
    }
}

package struct DNSConfig: Sendable, Hashable, Codable {
    package var servers: [String] = []
    package var searches: [String] = []
    package var options: [String] = []
    package init() {}
}

package enum PortProtocol: String, Sendable, Hashable, Codable { case tcp = "TCP", udp = "UDP", sctp = "SCTP" }

package struct PortMapping: Sendable, Hashable, Codable {
    package var `protocol`: PortProtocol = .tcp
    package var containerPort: UInt16
    /// 0: none.
    package var hostPort: UInt16 = 0
    package var hostIP = ""
    package init(containerPort: UInt16) { self.containerPort = containerPort }
}

/// Whose namespace of a kind a sandbox or container uses.
package enum NamespaceMode: String, Sendable, Hashable, Codable {
    /// Shared by the containers of the pod.
    case pod
    /// The container's own.
    case container
    /// The machine's.
    case node
    /// That of `NamespaceOption.targetID`.
    case target
}

package struct IDMapping: Sendable, Hashable, Codable {
    package var hostID: UInt32
    package var containerID: UInt32
    package var length: UInt32
    package init(hostID: UInt32, containerID: UInt32, length: UInt32) {
        self.hostID = hostID
        self.containerID = containerID
        self.length = length
    }
}

/// A user namespace of the pod: one mapping each of 65536 ids for `hostUsers: false`. Absent: the machine's.
package struct UserNamespace: Sendable, Hashable, Codable {
    package var uids: [IDMapping]
    package var gids: [IDMapping]
    package init(uids: [IDMapping], gids: [IDMapping]) {
        self.uids = uids
        self.gids = gids
    }
}

package struct NamespaceOption: Sendable, Hashable, Codable {
    package var network = NamespaceMode.pod
    package var pid = NamespaceMode.container
    package var ipc = NamespaceMode.pod
    /// The container whose pid namespace is joined, with `pid == .target`.
    package var targetID = ""
    package var user: UserNamespace?
    package init() {}
}

/// `RuntimeDefault`, `Unconfined` or a profile file of the node.
package enum SecurityProfile: Sendable, Hashable, Codable {
    case runtimeDefault
    case unconfined
    /// Absolute path of a seccomp profile (JSON), or the name of an AppArmor profile.
    case localhost(String)
}

package enum SupplementalGroupsPolicy: String, Sendable, Hashable, Codable {
    /// The image's memberships of the user as well.
    case merge
    /// Only those listed.
    case strict
}

package struct LinuxSandboxSecurityContext: Sendable, Hashable, Codable {
    package var namespaceOptions = NamespaceOption()
    package var runAsUser: Int64?
    package var runAsGroup: Int64?
    package var supplementalGroups: [Int64] = []
    package var supplementalGroupsPolicy = SupplementalGroupsPolicy.merge
    package var privileged = false
    package var seccomp: SecurityProfile = .runtimeDefault
    package init() {}
}

package struct LinuxPodSandboxConfig: Sendable, Hashable, Codable {
    /// Path of the pod's cgroup below the cgroup root, made by the kubelet; the runtime makes the containers' below it.
    package var cgroupParent = ""
    package var securityContext = LinuxSandboxSecurityContext()
    /// Name with dots → value.
    package var sysctls: [String: String] = [:]
    package var overhead: LinuxContainerResources?
    package var resources: LinuxContainerResources?
    package init() {}
}

package struct PodSandboxConfig: Sendable, Hashable, Codable {
    package var metadata: PodSandboxMetadata
    package var hostname = ""
    package var domainname = ""
    /// Directory of the pod's logs; containers' `logPath` is relative to it.
    package var logDirectory = ""
    package var dns: DNSConfig?
    package var portMappings: [PortMapping] = []
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var linux = LinuxPodSandboxConfig()

    package init(metadata: PodSandboxMetadata) { self.metadata = metadata }
}

package enum PodSandboxState: String, Sendable, Hashable, Codable { case ready, notReady }

package struct PodSandboxNetworkStatus: Sendable, Hashable, Codable {
    /// Empty with the host's network.
    package var ip = ""
    package var additionalIPs: [String] = []
    package init() {}
}

package struct PodSandboxStatus: Sendable, Hashable, Codable {
    package var id: String
    package var metadata: PodSandboxMetadata
    package var state: PodSandboxState
    /// Nanoseconds since the epoch.
    package var createdAt: Int64
    package var network = PodSandboxNetworkStatus()
    package var namespaceOptions = NamespaceOption()
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]

    package init(id: String, metadata: PodSandboxMetadata, state: PodSandboxState, createdAt: Int64) {
        self.id = id
        self.metadata = metadata
        self.state = state
        self.createdAt = createdAt
    }
}

package struct PodSandboxFilter: Sendable, Hashable {
    package var id: String?
    package var state: PodSandboxState?
    /// All must be equal.
    package var labels: [String: String] = [:]
    package init() {}
}
