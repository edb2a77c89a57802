internal import CLinux

/// Where a bind mount comes from.
package enum BindSource: Hashable, Sendable {
    /// A path in the child's view before `pivotRoot`; symlinks are followed.
    case path(String)
    /// A descriptor opened by an operation of this plan, in the child's own mount namespace.
    case slot(Slot)
    /// A mount that is attached nowhere: of `mountDetached`, or passed in, made by open_tree(2) in any mount namespace.
    case detached(Slot)
}

package enum MountTarget: Hashable, Sendable { case file, directory }

/// Options of a file system that are not text.
package enum MountOption: Hashable, Sendable, ExpressibleByStringLiteral {
    /// `key=value` or `key`; at most 255 bytes of value.
    case text(String)
    /// A descriptor as the value, FSCONFIG_SET_FD.
    case slot(key: String, Slot)
    package init(stringLiteral value: String) { self = .text(value) }

    var encoded: String {
        switch self {
        case .text(let text): text
        case .slot(let key, let slot): "\(key)=\u{1}\(slot.index)"
        }
    }
}

extension ProcessPlan {
    /// The root file system: later targets are resolved inside it.
    package mutating func root(_ path: String) { append(.init(code: CLINUX_OP_ROOT, s1: path)) }

    /// The root file system is a detached mount; needs no directory of the host to stand on.
    package mutating func root(detached slot: Slot) {
        append(.init(code: CLINUX_OP_ROOT, flags: .detached, slot: slot.index))
    }

    /// Sets the propagation of a mount of the present view; `nil` is `/`.
    package mutating func propagation(
        _ path: String?, _ propagation: MountPropagation, recursive: Bool = true
    ) {
        let recursion: UInt64 = recursive ? 0x4000 : 0  // MS_REC
        append(.init(code: CLINUX_OP_PROPAGATION, s1: path, a: propagation.rawValue | recursion))
    }

    package mutating func propagation(_ propagation: MountPropagation, recursive: Bool = true) {
        self.propagation(nil, propagation, recursive: recursive)
    }

    /// Mounts a new file system with fsopen(2).
    ///
    /// - Parameters:
    ///   - target: A path inside the root, or of the host before `root` or with `onHost`.
    ///   - optional: An option or a type that this kernel does not know is left out and reported.
    package mutating func mount(
        type: String, source: String? = nil, target: String, options: [MountOption] = [],
        attributes: MountAttributes = [], createTarget: Bool = false, onHost: Bool = false, optional: Bool = false
    ) {
        var flags: PlanOperation.Flags = []
        if createTarget { flags.insert(.createDirectory) }
        if onHost { flags.insert(.hostTarget) }
        if optional { flags.insert(.optional) }
        append(
            .init(
                code: CLINUX_OP_MOUNT, flags: flags, s1: type, s2: source, s3: target,
                data: options.isEmpty ? .none : .strings(options.map(\.encoded)), a: attributes.rawValue))
    }

    /// Makes a file system with fsopen(2) and attaches it nowhere yet.
    package mutating func mountDetached(
        type: String, source: String? = nil, options: [MountOption] = [], attributes: MountAttributes = []
    ) -> Slot {
        let slot = newSlot()
        append(
            .init(
                code: CLINUX_OP_MOUNT, slot: slot.index, s1: type, s2: source,
                data: options.isEmpty ? .none : .strings(options.map(\.encoded)), a: attributes.rawValue))
        return slot
    }

    /// Mounts with mount(2), for file systems and kernels whose options fsconfig(2) cannot take (overlayfs before Linux 6.7).
    ///
    /// - Parameter options: One string, at most a page.
    package mutating func mountClassic(
        type: String, source: String, target: String, options: String, flags: UInt64 = 0, onHost: Bool = false
    ) {
        append(
            .init(
                code: CLINUX_OP_MOUNT, flags: onHost ? [.classic, .hostTarget] : .classic, s1: type, s2: source,
                s3: target, data: .strings([options]), a: flags))
    }

    /// Binds a file or directory into the root.
    ///
    /// - Parameters:
    ///   - beneath: A relative path below the source, which no symlink may leave (a volume's subPath).
    ///   - recursive: With submounts.
    ///   - recursiveAttributes: `attributes` on the submounts too (recursive read-only).
    ///   - idmap: A user namespace through which owners are shown.
    ///   - createTarget: What to make where the target is absent.
    package mutating func bind(
        source: BindSource, beneath: String? = nil, target: String, attributes: MountAttributes = [],
        clearing: MountAttributes = [], recursive: Bool = true, recursiveAttributes: Bool = false,
        propagation: MountPropagation? = nil, idmap: Slot? = nil, createTarget: MountTarget? = nil, onHost: Bool = false
    ) {
        var operation = bindOperation(source, beneath, attributes, clearing, recursive, recursiveAttributes, propagation, idmap)
        operation.s3 = target
        if onHost { operation.flags.insert(.hostTarget) }
        switch createTarget {
        case .file: operation.flags.insert(.createFile)
        case .directory: operation.flags.insert(.createDirectory)
        case nil: break
        }
        append(operation)
    }

    /// As `bind`, but attached nowhere yet. The source must be a path: for a slot, `bind` it at once.
    package mutating func bindDetached(
        path: String, attributes: MountAttributes = [], recursive: Bool = true, recursiveAttributes: Bool = false,
        propagation: MountPropagation? = nil, idmap: Slot? = nil
    ) -> Slot {
        let slot = newSlot()
        var operation = bindOperation(
            .path(path), nil, attributes, [], recursive, recursiveAttributes, propagation, idmap)
        operation.slot2 = slot.index
        append(operation)
        return slot
    }

    private func bindOperation(
        _ source: BindSource, _ beneath: String?, _ attributes: MountAttributes, _ clearing: MountAttributes,
        _ recursive: Bool, _ recursiveAttributes: Bool, _ propagation: MountPropagation?, _ idmap: Slot?
    ) -> PlanOperation {
        var operation = PlanOperation(code: CLINUX_OP_BIND, a: attributes.rawValue, b: clearing.rawValue)
        switch source {
        case .path(let path): operation.s1 = path
        case .slot(let slot): operation.slot2 = slot.index
        case .detached(let slot):
            operation.slot2 = slot.index
            operation.flags.insert(.detached)
        }
        operation.s2 = beneath
        operation.slot = idmap?.index ?? -1
        if recursive { operation.flags.insert(.recursive) }
        if recursiveAttributes { operation.flags.insert(.recursiveAttributes) }
        if let propagation { operation.data = .words([propagation.rawValue]) }
        return operation
    }

    /// Makes a directory and its parents inside the root; one that exists is fine.
    package mutating func makeDirectory(_ path: String, mode: UInt32 = 0o755) {
        append(.init(code: CLINUX_OP_MKDIR, s3: path, a: UInt64(mode)))
    }

    /// Makes a character device inside the root; where the kernel refuses (user namespace), binds the host's `hostPath`.
    package mutating func makeCharacterDevice(
        _ path: String, major: UInt32, minor: UInt32, mode: UInt32 = 0o666, hostPath: String? = nil
    ) {
        makeNode(path, mode: 0o020000 | mode, device: deviceNumber(major: major, minor: minor), hostPath: hostPath)
    }

    /// Makes a node, mknod(2): `mode` with its S_IF* type.
    package mutating func makeNode(_ path: String, mode: UInt32, device: UInt64, hostPath: String? = nil) {
        append(.init(code: CLINUX_OP_MKNOD, s1: hostPath ?? path, s3: path, a: UInt64(mode), b: device))
    }

    /// Makes a symlink inside the root; an entry that exists is left alone.
    package mutating func symlink(_ path: String, to content: String) {
        append(.init(code: CLINUX_OP_SYMLINK, s1: content, s3: path))
    }

    /// Hides a path of the root: nothing can be read there. An absent one is fine.
    package mutating func mask(_ path: String) { append(.init(code: CLINUX_OP_MASK, s3: path)) }

    /// Makes a path of the root read-only. An absent one is fine.
    package mutating func readOnly(_ path: String) { append(.init(code: CLINUX_OP_READONLY, s3: path)) }

    /// Makes the root `/` and lets go of the host's.
    package mutating func pivotRoot() { append(.init(code: CLINUX_OP_PIVOT_ROOT)) }

    /// Makes the mount at `/` read-only, none of those below.
    package mutating func rootReadOnly() { rootAttributes([.readOnly]) }

    package mutating func rootAttributes(_ attributes: MountAttributes, clearing: MountAttributes = []) {
        append(.init(code: CLINUX_OP_ROOT_ATTRIBUTES, a: attributes.rawValue, b: clearing.rawValue))
    }
}

/// makedev(3).
package func deviceNumber(major: UInt32, minor: UInt32) -> UInt64 {
    let (major, minor) = (UInt64(major), UInt64(minor))
    return (major & 0xfff) << 8 | (major & ~0xfff) << 32 | minor & 0xff | (minor & ~0xff) << 12
}
