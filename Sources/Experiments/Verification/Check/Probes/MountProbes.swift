internal import Glibc
internal import LinuxSystem

/// File systems and mounts of containers, made where nobody else sees them.
enum MountProbes {
    static let all = [detached, recursiveReadOnly, idMapped, overlay, layerOptions, inContainers]

    private static let newer = "run a kernel of Linux 5.14 or newer"

    private static let detached = Probe.asRoot(
        Feature(
            .mounts, "fsopen, fsmount, move_mount", neededBy: "every mount of a container", lost: "no container can be started", mend: newer
        )
    ) { place in
        try PrivateMounts.run {
            let tmpfs = try DetachedMount.fileSystem(type: "tmpfs", options: [("size", "65536"), ("mode", "0750")])
            try DetachedMount.attach(tmpfs, at: place.storage)
            let found = try MountTable(parsing: Files.readText("/proc/thread-self/mountinfo")).mount(at: place.storage)
            return found?.type == "tmpfs" ? .yes("a tmpfs was made and attached") : .no("an attached mount is not to be seen")
        }
    }

    private static let recursiveReadOnly = Probe.asRoot(
        Feature(
            .mounts, "recursive read-only mounts", neededBy: "volumeMounts[*].recursiveReadOnly, masked and read-only paths",
            lost: "no container can be started", mend: newer)
    ) { place in
        try PrivateMounts.run {
            try ScratchDirectory.run(in: place.storage) { path in
                let clone = try DetachedMount.clone(path: path, recursive: true)
                try DetachedMount.setAttributes(clone, setting: .readOnly, recursive: true)
                do {
                    _ = try clone.open("file", flags: O_CREAT | O_WRONLY, mode: 0o600, resolve: [])
                } catch let error as Errno where error == .readOnlyFileSystem {
                    return .yes("a file below one could not be made")
                }
                return .no("a file was made below a read-only mount")
            }
        }
    }

    /// On the file system of the data directory: not every one can do it.
    private static let idMapped = Probe.asRoot(
        Feature(
            .mounts, "ID-mapped mounts", neededBy: "volumes of pods with hostUsers: false",
            lost: "pods with hostUsers: false can't have volumes",
            mend: "put the data directory on ext4, xfs or btrfs, with Linux 5.19 or newer (tmpfs: 6.3)")
    ) { place in
        try ProbeChild.run(.user) { child in
            for file in ["uid_map", "gid_map"] { try Files.write("0 \(IDRange.first) \(IDRange.count)", to: "/proc/\(child.pid)/\(file)") }
            let user = try OwnedFD.namespace(.user, of: child.pid)
            return try PrivateMounts.run {
                try ScratchDirectory.run(in: place.storage) { path in
                    let clone = try DetachedMount.clone(path: path, recursive: false)
                    try DetachedMount.setAttributes(clone, userNamespace: user, recursive: false)
                    var status = stat()
                    guard unsafe fstat(clone.rawValue, &status) == 0 else { throw SystemError("stat an ID-mapped mount", .current) }
                    return status.st_uid == IDRange.first
                        ? .yes("root's directory shows as \(status.st_uid)") : .no("root's directory shows as \(status.st_uid)")
                }
            }
        }
    }

    private static let overlay = Probe.asRoot(
        Feature(
            .mounts, "overlayfs", neededBy: "every container's root file system", lost: "no container can be started",
            mend: "modprobe overlay; put the data directory on ext4 or xfs (ftype=1), not on overlayfs or NFS")
    ) { place in
        try PrivateMounts.run {
            try ScratchDirectory.run(in: place.storage) { path in try tryOverlay(in: path) }
        }
    }

    /// Reads through to the lower layer, writes to the upper one, and hides what is removed.
    private static func tryOverlay(in path: String) throws -> Probe.Answer {
        for name in ["lower", "upper", "work"] { try Files.makeDirectories("\(path)/\(name)") }
        try Files.replace("\(path)/lower/below", with: Array("below".utf8), durably: false)
        let mounted = try DetachedMount.fileSystem(
            type: "overlay",
            options: [("source", "overlay"), ("lowerdir", "\(path)/lower"), ("upperdir", "\(path)/upper"), ("workdir", "\(path)/work")])
        let below = try mounted.open("below", flags: O_RDONLY, resolve: []).readToEnd()
        guard below == Array("below".utf8) else { return .no("a file of the lower layer reads otherwise") }
        try mounted.open("above", flags: O_CREAT | O_WRONLY, mode: 0o600, resolve: []).writeAll([1])
        guard Files.exists("\(path)/upper/above") else { return .no("a new file did not reach the upper layer") }
        guard unsafe unlinkat(mounted.rawValue, "below", 0) == 0 else { throw SystemError("remove a file of the lower layer", .current) }
        var whiteout = stat()
        guard unsafe lstat("\(path)/upper/below", &whiteout) == 0, whiteout.st_mode & S_IFMT == S_IFCHR else {
            return .no("a removed file left no whiteout in the upper layer")
        }
        return .yes("mounted on \(path.prefix { $0 != "." }), read, written, a file hidden")
    }

    private static let layerOptions = Probe.asRoot(
        Feature(
            .mounts, "overlayfs with one option per layer", neededBy: "images of many layers",
            lost: "layers are given in one string, which has room for fewer", mend: "run a kernel of Linux 6.7 or newer", isRequired: false)
    ) { place in
        try PrivateMounts.run {
            try ScratchDirectory.run(in: place.storage) { path in
                for name in ["one", "two"] { try Files.makeDirectories("\(path)/\(name)") }
                _ = try DetachedMount.fileSystem(
                    type: "overlay", options: [("source", "overlay"), ("lowerdir+", "\(path)/one"), ("lowerdir+", "\(path)/two")])
                return .yes("two layers were given apart")
            }
        }
    }

    /// By a child in namespaces of its own, as a container has them.
    private static let inContainers = Probe.asRoot(
        Feature(
            .mounts, "proc, sysfs, devpts, mqueue, cgroup2 inside", neededBy: "/proc, /sys and /dev of every container",
            lost: "no container can be started",
            mend: "run swiftlet where /proc and /sys are not covered by other mounts: not in an unprivileged container")
    ) { place in
        try ScratchDirectory.run(in: place.storage) { path in
            let types = ["proc", "sysfs", "devpts", "mqueue", "cgroup2"]
            for type in types { try Files.makeDirectories("\(path)/\(type)") }
            try ProbeChild.stands([.mount, .pid, .network, .ipc]) { plan in
                plan.unshare(.cgroup)
                plan.propagation(nil, .private)
                for type in types {
                    let options: [MountOption] = type == "devpts" ? ["newinstance", "ptmxmode=0666"] : []
                    plan.mount(type: type, source: type, target: "\(path)/\(type)", options: options, onHost: true)
                }
            }
            return .yes("each was mounted")
        }
    }
}
