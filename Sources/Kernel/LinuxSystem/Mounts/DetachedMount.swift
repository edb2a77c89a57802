internal import CLinux
import Glibc

/// Mounts that are attached nowhere, open_tree(2): to be handed to a plan, which may attach them in any mount namespace.
package enum DetachedMount {
    /// Clones the mount at `path`, or at `beneath` below it, which no symlink may leave.
    package static func clone(path: String, beneath: String = "", recursive: Bool) throws(SystemError) -> OwnedFD {
        guard !beneath.isEmpty else {
            let flags = cloneFlag | (recursive ? recursiveFlag : 0)
            let fd = unsafe clinux_open_tree(AT_FDCWD, path, flags)
            guard fd >= 0 else { throw SystemError("clone the mount at \(path)", .current) }
            return OwnedFD(adopting: fd)
        }
        let source: OwnedFD
        do throws(Errno) {
            source = try OwnedFD.directory(path).open(beneath, flags: openPath, resolve: [.beneath, .noMagicLinks])
        } catch {
            throw SystemError("open \(beneath) below \(path)", error)
        }
        return try clone(descriptor: source, recursive: recursive)
    }

    /// Makes a new file system, fsopen(2), that is attached nowhere: nothing has to be unmounted, and no grace period waited for.
    package static func fileSystem(
        type: String, options: [(key: String, value: String)] = [], attributes: MountAttributes = []
    ) throws(SystemError) -> OwnedFD {
        let number = unsafe clinux_fsopen(type)
        guard number >= 0 else { throw SystemError("open file system \(type)", .current) }
        let context = OwnedFD(adopting: number)
        for (key, value) in options {
            guard unsafe clinux_fsconfig_string(context.rawValue, key, value) == 0 else {
                throw SystemError("set option \(key)=\(value) of a new \(type)", .current)
            }
        }
        guard clinux_fsconfig_create(context.rawValue) == 0 else { throw SystemError("make a new \(type)", .current) }
        let mount = clinux_fsmount(context.rawValue, attributes.rawValue)
        guard mount >= 0 else { throw SystemError("mount a new \(type)", .current) }
        return OwnedFD(adopting: mount)
    }

    /// Clones the mount that a descriptor of this mount namespace lies in, from that place down.
    package static func clone(descriptor: borrowing OwnedFD, recursive: Bool) throws(SystemError) -> OwnedFD {
        let fd = unsafe clinux_open_tree(descriptor.rawValue, "", cloneFlag | emptyPath | (recursive ? recursiveFlag : 0))
        guard fd >= 0 else { throw SystemError("clone the mount of descriptor \(descriptor.rawValue)", .current) }
        return OwnedFD(adopting: fd)
    }

    /// Changes attributes, mount_setattr(2).
    ///
    /// - Parameter userNamespace: Owners are shown through it. Only on a detached mount, once.
    package static func setAttributes(
        _ mount: borrowing OwnedFD, setting: MountAttributes = [], clearing: MountAttributes = [],
        propagation: MountPropagation? = nil, userNamespace: CInt? = nil, recursive: Bool
    ) throws(SystemError) {
        let status = clinux_mount_setattr(
            mount.rawValue, recursive ? recursiveFlag : 0, setting.rawValue, clearing.rawValue, propagation?.rawValue ?? 0,
            userNamespace ?? -1)
        guard status == 0 else { throw SystemError("set the attributes of a detached mount", .current) }
    }

    /// As above, with a namespace that is held open.
    package static func setAttributes(
        _ mount: borrowing OwnedFD, userNamespace: borrowing OwnedFD, recursive: Bool
    ) throws(SystemError) {
        try setAttributes(mount, userNamespace: userNamespace.rawValue, recursive: recursive)
    }

    /// Attaches the mount over an existing path of this mount namespace.
    package static func attach(_ mount: borrowing OwnedFD, at path: String) throws(SystemError) {
        guard unsafe clinux_move_mount(mount.rawValue, "", AT_FDCWD, path, fromEmptyPath) == 0 else {
            throw SystemError("attach a mount at \(path)", .current)
        }
    }

    private static let cloneFlag: UInt32 = 1  // OPEN_TREE_CLONE
    private static let recursiveFlag: UInt32 = 0x8000  // AT_RECURSIVE
    private static let emptyPath: UInt32 = 0x1000  // AT_EMPTY_PATH
    private static let fromEmptyPath: UInt32 = 4  // MOVE_MOUNT_F_EMPTY_PATH
    private static let openPath: CInt = 0o10000000  // O_PATH
}

/// umount2(2).
package enum Unmount {
    /// - Parameter lazily: Gone from the tree at once, from memory when nobody uses it any more.
    /// - Returns: False when nothing is mounted there.
    @discardableResult
    package static func path(_ path: String, lazily: Bool = false) throws(SystemError) -> Bool {
        let flags: CInt = 8 | (lazily ? 2 : 0)  // UMOUNT_NOFOLLOW, MNT_DETACH
        if unsafe umount2(path, flags) == 0 { return true }
        let error = Errno.current
        if error == .invalidArgument || error == .noSuchFile { return false }
        throw SystemError("unmount \(path)", error)
    }
}
