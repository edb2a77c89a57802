internal import CLinux

/// The namespaces of clone(2), unshare(2) and setns(2): CLONE_NEW*.
package struct CloneFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let mount = CloneFlags(rawValue: 0x0002_0000)
    package static let cgroup = CloneFlags(rawValue: 0x0200_0000)
    package static let uts = CloneFlags(rawValue: 0x0400_0000)
    package static let ipc = CloneFlags(rawValue: 0x0800_0000)
    package static let user = CloneFlags(rawValue: 0x1000_0000)
    package static let pid = CloneFlags(rawValue: 0x2000_0000)
    package static let network = CloneFlags(rawValue: 0x4000_0000)
    package static let time = CloneFlags(rawValue: 0x0000_0080)
}

extension CloneFlags: CustomStringConvertible {
    private static let names: [(CloneFlags, String)] = [
        (.user, "user"), (.mount, "mount"), (.pid, "pid"), (.network, "network"), (.ipc, "ipc"), (.uts, "uts"),
        (.cgroup, "cgroup"), (.time, "time"),
    ]

    /// For example `mount, pid`.
    package var description: String {
        Self.names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}
