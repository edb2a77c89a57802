internal import CRI

/// What makes a sandbox's configuration impossible, whatever the machine.
enum SandboxValidation {
    static func check(_ config: PodSandboxConfig) throws(SpecError) {
        guard !config.metadata.name.isEmpty, !config.metadata.uid.isEmpty else {
            throw SpecError("metadata: name and uid must not be empty")
        }
        // sethostname(2): 64 bytes.
        guard config.hostname.utf8.count <= 64 else {
            throw SpecError("hostname \"\(config.hostname)\": \(config.hostname.utf8.count) bytes, at most 64 fit")
        }
        let namespaces = config.linux.securityContext.namespaceOptions
        if let user = namespaces.user { try check(user) }
        for name in config.linux.sysctls.keys.sorted() { try check(sysctl: name, namespaces) }
    }

    private static func check(_ user: UserNamespace) throws(SpecError) {
        guard !user.uids.isEmpty, !user.gids.isEmpty else {
            throw SpecError("user namespace: needs at least one mapping of uids and one of gids")
        }
        guard user.uids == user.gids else { throw SpecError("user namespace: the mappings of uids and gids must be the same") }
    }

    /// A parameter must belong to a namespace of the pod, or it would change the machine for all (runc's rule).
    private static func check(sysctl name: String, _ namespaces: NamespaceOption) throws(SpecError) {
        let dotted = String(name.map { $0 == "/" ? "." : $0 })
        guard !dotted.isEmpty, !dotted.split(separator: ".", omittingEmptySubsequences: false).contains(where: \.isEmpty) else {
            throw SpecError("sysctl \"\(name)\": is no name of a kernel parameter")
        }
        if dotted.hasPrefix("net.") {
            guard namespaces.network != .node else { throw SpecError("sysctl \"\(name)\": not with the host's network") }
        } else if isIPC(dotted) {
            guard namespaces.ipc != .node else { throw SpecError("sysctl \"\(name)\": not with the host's IPC namespace") }
        } else {
            throw SpecError("sysctl \"\(name)\": is not in a namespace of the pod")
        }
    }

    private static func isIPC(_ name: String) -> Bool {
        [
            "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
            "kernel.shm_rmid_forced",
        ]
        .contains(name) || name.hasPrefix("fs.mqueue.")
    }
}
