/// Attributes of one mount, mount_setattr(2): MOUNT_ATTR_*.
package struct MountAttributes: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let readOnly = MountAttributes(rawValue: 0x01)
    package static let noSUID = MountAttributes(rawValue: 0x02)
    package static let noDevices = MountAttributes(rawValue: 0x04)
    package static let noExecute = MountAttributes(rawValue: 0x08)
    package static let noAccessTime = MountAttributes(rawValue: 0x10)
    package static let strictAccessTime = MountAttributes(rawValue: 0x20)
    package static let noDirectoryAccessTime = MountAttributes(rawValue: 0x80)
    package static let noSymlinkFollow = MountAttributes(rawValue: 0x0020_0000)

    /// The bits of MOUNT_ATTR__ATIME: a field, not flags; to set one of them the whole field has to be cleared.
    package static let accessTimeField = MountAttributes(rawValue: 0x70)
}

/// How mounts and unmounts travel between namespaces, mount_namespaces(7): MS_*.
package enum MountPropagation: UInt64, Hashable, Sendable {
    case unbindable = 0x20000
    case `private` = 0x40000
    case slave = 0x80000
    case shared = 0x100000
}
