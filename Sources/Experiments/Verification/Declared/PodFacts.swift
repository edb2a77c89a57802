package import KubernetesAPI
package import LinuxSystem

/// What decides how a pod turns out in the kernel beside its manifest.
package struct PodFacts: Sendable {
    package var pod: Pod
    /// Those that run, with their processes.
    package var containers: [ContainerFacts]
    package var node = NodeFacts()
    /// What the pod was told to have; empty: not known.
    package var addresses: [String] = []
    /// Made by a kubelet: cgroups of the pod, its hosts file and resolv.conf are there. Otherwise a container by itself.
    package var isManaged = true
    /// Where this program's pods keep their volumes; nil for others.
    package var podsDirectory: String?
    /// ConfigMaps and Secrets by `NAME`; values of variables that come from others are only asked to be there.
    package var configMaps: [String: [String: String]] = [:]
    package var secrets: [String: [String: String]] = [:]
    /// Of each pod; nil: no limit.
    package var podPidsLimit: Int64?

    package init(pod: Pod, containers: [ContainerFacts]) {
        self.pod = pod
        self.containers = containers
    }

    package struct NodeFacts: Sendable, Hashable {
        package var name = ""
        package var memoryBytes: Int64 = 0
        package var clusterDomain = "cluster.local"
        package var addresses: [String] = []
        /// What a privileged container can have at most; of the others the usual ones.
        package var capabilities = CapabilitySet.all
        package var isSeccompDefault = false
        package init() {}
    }
}

/// A running container.
package struct ContainerFacts: Sendable, Hashable {
    package var name: String
    package var pid: Int32
    /// The runtime's; empty: not known.
    package var id = ""
    /// nil: not known, so nothing that follows from the image is checked.
    package var image: ImageFacts?
    /// What the image's own files say of users.
    package var users = UserDatabase(passwd: "", group: "")
    /// Those of the process that started it, by their names in /proc/PID/limits: `soft hard`.
    package var inheritedLimits: [String: String] = [:]

    package init(name: String, pid: Int32) {
        self.name = name
        self.pid = pid
    }
}

/// What of the image's configuration counts.
package struct ImageFacts: Sendable, Hashable {
    package var entrypoint: [String] = []
    package var cmd: [String] = []
    package var environment: [String] = []
    package var workingDirectory = ""
    package var user = ""
    package init() {}
}

/// /etc/passwd and /etc/group of an image, passwd(5) and group(5).
package struct UserDatabase: Sendable, Hashable {
    private var passwd: [[Substring]]
    private var group: [[Substring]]

    package init(passwd: String, group: String) {
        self.passwd = passwd.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        self.group = group.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    }

    struct User { var uid: UInt32, gid: UInt32, name: String, home: String }

    /// - Parameter reference: A name or a number.
    func user(_ reference: String) -> User? {
        let row = passwd.first { $0.count >= 6 && ($0[0] == reference || UInt32(reference) != nil && $0[2] == reference) }
        guard let row, let uid = UInt32(row[2]), let gid = UInt32(row[3]) else { return nil }
        return User(uid: uid, gid: gid, name: String(row[0]), home: String(row[5]))
    }

    func gid(_ reference: String) -> UInt32? {
        if let number = UInt32(reference) { return number }
        return group.first { $0.count >= 3 && $0[0] == reference }.flatMap { UInt32($0[2]) }
    }

    /// Groups that list a user by name.
    func memberships(of name: String) -> [UInt32] {
        group.filter { $0.count >= 4 && $0[3].split(separator: ",").contains(name[...]) }.compactMap { UInt32($0[2]) }
    }
}
