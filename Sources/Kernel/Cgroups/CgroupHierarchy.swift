internal import CLinux
import Glibc
package import LinuxSystem

/// Where the cgroup v2 tree is mounted, and where in it the calling process is.
///
/// On a unified host that is /sys/fs/cgroup, with all controllers; on a hybrid host usually /sys/fs/cgroup/unified,
/// with those controllers that cgroup v1 does not hold.
package struct CgroupHierarchy: Sendable, Hashable {
    /// Absolute path of the mount, without a slash at its end.
    package let mountPoint: String
    /// Absolute path of the caller's own cgroup; `nil` when the mount does not show it.
    package let ownPath: String?

    /// Finds the mount of this machine.
    ///
    /// - Throws: `ENODEV` when no cgroup2 file system is mounted.
    package static func find() throws(SystemError) -> CgroupHierarchy {
        let mountInfo = try readFile("/proc/self/mountinfo")
        let membership = try readFile("/proc/self/cgroup")
        guard let hierarchy = CgroupHierarchy(mountInfo: mountInfo, membership: membership) else {
            throw SystemError("find a cgroup2 mount in /proc/self/mountinfo", .noDevice)
        }
        return hierarchy
    }

    /// Decides from the texts of /proc/self/mountinfo and /proc/self/cgroup; `nil` without a cgroup2 mount.
    package init?(mountInfo: String, membership: String) {
        let mounts = CgroupMount.parse(mountInfo: mountInfo)
        let usual = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        // Of several mounts a usual one; the last line when one hides another at the same place.
        let mount = usual.lazy.compactMap { point in mounts.last { $0.mountPoint == point } }.first ?? mounts.first
        guard let mount else { return nil }
        mountPoint = mount.mountPoint
        ownPath = Self.ownCgroup(membership).flatMap(mount.absolutePath(of:))
    }

    /// The path in the line `0::/PATH`. A removed cgroup has ` (deleted)` behind it: then there is none.
    private static func ownCgroup(_ membership: String) -> String? {
        let line = membership.split(separator: "\n").first { $0.hasPrefix("0::/") }
        guard let path = line?.dropFirst(3), !path.hasSuffix(" (deleted)") else { return nil }
        return String(path)
    }

    /// The absolute path of a `--cgroup-root`, given as the kubelet takes it (`/a/b`, from the top of the tree) or as a path of the file system.
    package func absolutePath(root: String) -> String {
        if root == mountPoint || root.hasPrefix(mountPoint + "/") { return root }
        let components = root.split(separator: "/")
        return components.isEmpty ? mountPoint : mountPoint + "/" + components.joined(separator: "/")
    }

    /// Where to put pods when nobody said: the caller's own cgroup if its manager delegated it, else the top of the tree.
    ///
    /// systemd marks what it delegates (`Delegate=yes`) with an extended attribute of the directory (systemd's
    /// docs/CGROUP_DELEGATION.md), `trusted.delegate` in the system's, `user.delegate` in a user's manager.
    package func defaultRoot() -> String {
        guard let ownPath, ownPath != mountPoint else { return mountPoint }
        let isDelegated = ["trusted.delegate", "user.delegate"].contains { hasAttribute($0, "1", path: ownPath) }
        return isDelegated ? ownPath : mountPoint
    }

    private func hasAttribute(_ name: String, _ value: String, path: String) -> Bool {
        var bytes: [UInt8] = [0, 0, 0, 0]
        let length = unsafe getxattr(path, name, &bytes, bytes.count)
        return length == value.utf8.count && bytes.starts(with: value.utf8)
    }
}

/// One cgroup2 line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
struct CgroupMount: Hashable {
    /// Which cgroup is shown at the mount point, as seen from the reader's cgroup namespace: `/` but for bind mounts.
    var root: String
    var mountPoint: String

    static func parse(mountInfo: String) -> [CgroupMount] {
        mountInfo.split(separator: "\n").compactMap { line in
            // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER
            let fields = line.split(separator: " ")
            guard let dash = fields.dropFirst(6).firstIndex(of: "-"), dash + 1 < fields.count,
                fields[dash + 1] == "cgroup2"
            else { return nil }
            return CgroupMount(root: unescape(fields[3]), mountPoint: unescape(fields[4]))
        }
    }

    /// Where a cgroup of /proc/PID/cgroup is in the file system; `nil` when it is not below this mount's root.
    func absolutePath(of cgroup: String) -> String? {
        if root == "/" { return cgroup.hasPrefix("/..") ? nil : (cgroup == "/" ? mountPoint : mountPoint + cgroup) }
        if cgroup == root { return mountPoint }
        return cgroup.hasPrefix(root + "/") ? mountPoint + cgroup.dropFirst(root.count) : nil
    }

    /// Space, tab, newline and backslash are three octal digits behind a backslash.
    private static func unescape(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(Substring(rest.prefix(3))), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The text of a file of /proc.
func readFile(_ path: String) throws(SystemError) -> String {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw SystemError("open \(path)", .current) }
    defer { _ = close(fd) }
    do throws(Errno) {
        return try readText(fd)
    } catch {
        throw SystemError("read \(path)", error)
    }
}
