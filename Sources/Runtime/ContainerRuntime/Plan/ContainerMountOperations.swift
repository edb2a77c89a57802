internal import Glibc
internal import LinuxSystem

extension ContainerPlanBuilder {
    /// Everything inside the root, while the machine's paths can still be seen: file systems, device nodes, the pod's mounts.
    func mountAll(_ plan: inout ProcessPlan, _ inputs: PlanInputs) {
        let usualCount = spec.mounts.prefix { $0.isBelowDevOrUsual }.count
        for index in spec.mounts.indices.prefix(usualCount) { mount(index, &plan, inputs) }
        if makesDeviceNodes { makeDevices(&plan) }
        for index in spec.mounts.indices.dropFirst(usualCount) { mount(index, &plan, inputs) }
        for volume in spec.imageVolumes { keepWritable(volume, &plan) }
    }

    /// A pod that mounts something of its own on /dev says itself what is in there (runc does the same).
    private var makesDeviceNodes: Bool {
        spec.mounts.contains { mount in
            if case .filesystem = mount.source { mount.target == "/dev" } else { false }
        }
    }

    private func mount(_ index: Int, _ plan: inout ProcessPlan, _ inputs: PlanInputs) {
        let mount = spec.mounts[index]
        switch mount.source {
        case .filesystem(let type, let options):
            plan.mount(
                type: type, source: type, target: mount.target, options: options.map(MountOption.text),
                attributes: mount.attributes, createTarget: true, optional: type == "mqueue")
        case .image(let layers) where layers.count == 1:
            plan.bind(source: .path(layers[0]), target: mount.target, attributes: mount.attributes, createTarget: .directory)
        case .image(let layers):
            plan.mount(
                type: "overlay", source: "overlay", target: mount.target, options: layers.map { .text("lowerdir+=\($0)") },
                attributes: mount.attributes, createTarget: true)
        case .bind(let source):
            let detached = inputs[.mount(index)].map(BindSource.detached)
            plan.bind(
                source: detached ?? .path(source.path),
                beneath: detached == nil && !source.subPath.isEmpty ? source.subPath : nil, target: mount.target,
                attributes: mount.attributes, recursive: true, recursiveAttributes: mount.isRecursiveReadOnly,
                propagation: kernelPropagation(mount), createTarget: source.isDirectory ? .directory : .file)
        }
    }

    /// The child's copy of the mount tree is private already; only what was cloned outside it can bring anything else.
    private func kernelPropagation(_ mount: MountSpec) -> LinuxSystem.MountPropagation? {
        switch mount.propagation {
        case .private: nil
        case .hostToContainer: .slave
        case .bidirectional: .shared
        }
    }

    private func makeDevices(_ plan: inout ProcessPlan) {
        for device in spec.devices {
            if device.path.utf8.count(where: { $0 == UInt8(ascii: "/") }) > 2 {
                plan.makeDirectory(String(device.path[..<(device.path.lastIndex(of: "/") ?? device.path.endIndex)]))
            }
            let type: UInt32 = device.isBlock ? 0o060000 : 0o020000
            plan.makeNode(
                device.path, mode: type | device.mode, device: deviceNumber(major: device.major, minor: device.minor))
        }
        for (path, content) in Self.links { plan.symlink(path, to: content) }
    }

    private static let links = [
        ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"), ("/dev/ptmx", "pts/ptmx"), ("/dev/core", "/proc/kcore"),
    ]

    /// A directory that the image declares as a volume: below a read-only root it is a mount of its own, of the same writable layer.
    private func keepWritable(_ volume: String, _ plan: inout ProcessPlan) {
        plan.makeDirectory(volume)
        guard spec.isRootReadOnly else { return }
        let slot = plan.open(
            String(volume.dropFirst()), flags: OwnedFD.pathOnly | O_DIRECTORY, resolve: [.inRoot, .noMagicLinks])
        plan.bind(source: .slot(slot), target: volume, recursive: false)
        plan.close(slot)
    }

    func protect(_ plan: inout ProcessPlan) {
        for path in spec.readonlyPaths { plan.readOnly(path) }
        for path in spec.maskedPaths { plan.mask(path) }
    }
}

extension MountSpec {
    /// File systems come first, so that device nodes and the pod's own mounts find their directories.
    fileprivate var isBelowDevOrUsual: Bool {
        if case .filesystem = source { true } else { false }
    }
}
