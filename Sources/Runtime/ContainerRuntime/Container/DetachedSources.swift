internal import CRI
internal import LinuxSystem

/// Mount sources that the plan cannot open by path from the container's side: they are cloned here, in the machine's mount namespace,
/// attached nowhere, and handed over.
enum DetachedSources {
    /// A mount whose changes shall travel must be cloned where its peers are; an ID-mapped one needs the machine's privileges, and so does
    /// finding any path for a pod that has only those of its user namespace; the pod's /dev/shm has no path at all.
    static func isNeeded(_ mount: MountSpec, _ namespaces: ContainerNamespaces) -> Bool {
        guard case .bind(let source) = mount.source else { return false }
        return mount.propagation != .private || source.isIDMapped || source.path.isEmpty || namespaces.joinsPodUser
    }

    static func open(_ mount: MountSpec, _ connection: SandboxConnection) throws -> OwnedFD {
        guard case .bind(let source) = mount.source else { preconditionFailure("only a bind mount has a source") }
        guard !source.path.isEmpty else { return try sharedMemory(connection) }
        if mount.propagation != .private { try requireShared(source.path, mount) }
        let tree = try DetachedMount.clone(path: source.path, beneath: source.subPath, recursive: true)
        if source.isIDMapped { try map(tree, connection, "mount \(mount.target) from \(source.text)") }
        return tree
    }

    /// An image layer as the pod's user namespace shows it: files of root belong to the pod's root.
    static func openLayer(_ path: String, _ connection: SandboxConnection) throws -> OwnedFD {
        let tree = try DetachedMount.clone(path: path, beneath: "", recursive: false)
        try map(tree, connection, "image layer \(path)")
        return tree
    }

    private static func sharedMemory(_ connection: SandboxConnection) throws -> OwnedFD {
        guard let number = connection.namespaces.sharedMemory else { throw SpecError("the sandbox has no shared memory") }
        return try DetachedMount.clone(path: "/proc/self/fd/\(number)", recursive: false)
    }

    /// - Parameter what: Of whom, for the error.
    private static func map(_ tree: borrowing OwnedFD, _ connection: SandboxConnection, _ what: String) throws {
        guard let user = connection.namespaces.user else { throw SpecError("\(what): map ids: the sandbox has no user namespace") }
        do throws(SystemError) {
            try DetachedMount.setAttributes(tree, userNamespace: user, recursive: false)
        } catch {
            // mount_setattr(2): the tree is detached and the namespace is no initial one, so it is the file system that cannot (FS_ALLOW_IDMAP).
            guard error.errno == .invalidArgument else { throw SpecError("\(what): map ids: \(error.errno)") }
            throw SpecError(
                "\(what): its file system does not support ID-mapped mounts, which a pod with hostUsers: false needs: "
                    + "take another volume, or leave hostUsers out")
        }
    }

    /// Else nothing would ever travel, without a word (containerd refuses it too).
    private static func requireShared(_ path: String, _ mount: MountSpec) throws {
        guard let found = try MountTable.read().mount(holding: path) else { return }
        switch mount.propagation {
        case .private: return
        case .hostToContainer where found.sharedGroup != nil || found.masterGroup != nil: return
        case .bidirectional where found.sharedGroup != nil: return
        case .hostToContainer:
            throw SpecError("path \(path) is mounted on \(found.mountPoint) but it is not a shared or slave mount")
        case .bidirectional:
            throw SpecError("path \(path) is mounted on \(found.mountPoint) but it is not a shared mount")
        }
    }
}

extension MountSpec.BindSource {
    /// The path on the machine, for messages.
    fileprivate var text: String { subPath.isEmpty ? path : "\(path)/\(subPath)" }
}
