internal import CRI
internal import LinuxSystem

/// What is mounted in a container, in which order: the usual file systems, the pod's files, then what the pod asks for.
///
/// As containerd's CRI plugin does it: a mount of the pod takes the place of a usual one with the same target (one on `/dev` that of all
/// below it), and the pod's are done in order of depth, so that none hides another.
enum MountResolver {
    /// Files and directories of the pod that every container of it sees.
    struct PodFiles {
        /// Made from the pod's DNS configuration; nil: the image's stays.
        var resolvConf: String?
        var hostname: String?
        /// What `/dev/shm` shows; nil: a detached tmpfs that the plan is given.
        var sharedMemory: MountSpec?
    }

    static func resolve(
        _ config: ContainerConfig, _ files: PodFiles, namespaces: ContainerNamespaces, imageLayers: [String: [String]],
        sourceIsDirectory: (CRI.Mount) throws(SpecError) -> Bool
    ) throws(SpecError) -> [MountSpec] {
        var requested: [MountSpec] = []
        for mount in config.mounts {
            if let image = mount.image {
                requested.append(try self.image(mount, image, imageLayers))
            } else {
                let isDirectory = try sourceIsDirectory(mount)
                requested.append(try bind(mount, isDirectory: isDirectory, isIDMapped: !mount.uidMappings.isEmpty))
            }
        }
        let targets = Set(requested.map(\.target))
        let usual = (usual(config, namespaces) + podMounts(files)).filter { mount in
            !targets.contains(mount.target) && !(targets.contains("/dev") && mount.target.hasPrefix("/dev/"))
        }
        return usual + sortedByDepth(requested)
    }

    /// The file systems that every container has (OCI runtime-spec, config-linux.md, "Default Filesystems").
    private static func usual(_ config: ContainerConfig, _ namespaces: ContainerNamespaces) -> [MountSpec] {
        let isPrivileged = config.securityContext.privileged
        let still: MountAttributes = [.noSUID, .noExecute, .noDevices]
        let sealed: MountAttributes = isPrivileged ? still : still.union(.readOnly)
        var mounts = [
            MountSpec(target: "/proc", source: .filesystem(type: "proc", options: []), attributes: still),
            MountSpec(
                target: "/dev", source: .filesystem(type: "tmpfs", options: ["mode=755", "size=65536k"]),
                attributes: [.noSUID, .strictAccessTime]),
            MountSpec(
                target: "/dev/pts",
                source: .filesystem(type: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
                attributes: [.noSUID, .noExecute]),
            MountSpec(target: "/dev/mqueue", source: .filesystem(type: "mqueue", options: []), attributes: still),
        ]
        if namespaces.joinsPodUser && !namespaces.joinsPodNetwork {
            // Only the owner of the network namespace may mount sysfs; the machine's own is shown instead.
            mounts.append(MountSpec(target: "/sys", source: .bind(.init(path: "/sys")), attributes: sealed))
            return mounts
        }
        mounts.append(MountSpec(target: "/sys", source: .filesystem(type: "sysfs", options: []), attributes: sealed))
        mounts.append(MountSpec(target: "/sys/fs/cgroup", source: .filesystem(type: "cgroup2", options: []), attributes: sealed))
        return mounts
    }

    private static func podMounts(_ files: PodFiles) -> [MountSpec] {
        var mounts: [MountSpec] = []
        for (target, path) in [("/etc/hostname", files.hostname), ("/etc/resolv.conf", files.resolvConf)] {
            guard let path else { continue }
            var source = MountSpec.BindSource(path: path)
            source.isDirectory = false
            mounts.append(MountSpec(target: target, source: .bind(source)))
        }
        if let shared = files.sharedMemory { mounts.append(shared) }
        return mounts
    }

    /// Always read-only; of an image that is in the store.
    private static func image(_ mount: CRI.Mount, _ image: ImageSpec, _ known: [String: [String]]) throws(SpecError) -> MountSpec {
        let target = try normalized(mount.containerPath)
        guard let layers = known[image.image], !layers.isEmpty else {
            throw SpecError("mount \(target): image \"\(image.image)\" is not in the image store")
        }
        guard mount.imageSubPath.isEmpty else { return try imagePart(mount, target, layers) }
        return MountSpec(target: target, source: .image(layers: layers), attributes: .readOnly)
    }

    /// A part of an image: of its only layer. Layers above each other would have to be merged first.
    private static func imagePart(_ mount: CRI.Mount, _ target: String, _ layers: [String]) throws(SpecError) -> MountSpec {
        guard layers.count == 1 else {
            throw SpecError("mount \(target): sub path \(mount.imageSubPath) of an image of \(layers.count) layers is not supported")
        }
        var source = MountSpec.BindSource(path: layers[0])
        source.subPath = mount.imageSubPath
        return MountSpec(target: target, source: .bind(source), attributes: .readOnly)
    }

    private static func bind(_ mount: CRI.Mount, isDirectory: Bool, isIDMapped: Bool) throws(SpecError) -> MountSpec {
        let target = try normalized(mount.containerPath)
        if mount.recursiveReadOnly, !mount.readonly || mount.propagation != .private {
            throw SpecError("mount \(target): recursive read-only needs a read-only mount without propagation")
        }
        var source = MountSpec.BindSource(path: mount.hostPath)
        source.subPath = mount.subPath
        source.isDirectory = isDirectory
        source.isIDMapped = isIDMapped
        var spec = MountSpec(target: target, source: .bind(source), attributes: mount.readonly ? .readOnly : [])
        spec.isRecursiveReadOnly = mount.recursiveReadOnly
        spec.propagation = mount.propagation
        return spec
    }

    /// Fewer components first; those of the same depth keep their order.
    private static func sortedByDepth(_ mounts: [MountSpec]) -> [MountSpec] {
        mounts.enumerated()
            .sorted { ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset) }
            .map(\.element)
    }

    /// An absolute path without empty, `.` and `..` components, as it is resolved inside the container's root.
    static func normalized(_ path: String) throws(SpecError) -> String {
        guard path.hasPrefix("/") else { throw SpecError("mount target \"\(path)\": must be an absolute path") }
        guard !path.utf8.contains(0) else { throw SpecError("mount target \"\(path)\": holds a NUL byte") }
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        guard !components.isEmpty else { throw SpecError("mount target \"\(path)\": the root itself cannot be a mount target") }
        return "/" + components.joined(separator: "/")
    }
}

extension MountSpec {
    var depth: Int { target.utf8.reduce(0) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 } }
}
