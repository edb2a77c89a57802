internal import Glibc
internal import Kubelet
internal import LinuxSystem

/// The mounts of volumes.
struct NodeMounts: MountService {
    /// Recursive attributes came with mount_setattr(2), 5.12.
    var supportsRecursiveReadOnly: Bool { KernelVersion.running >= KernelVersion(5, 12) }

    func mountTmpfs(at path: String, sizeBytes: Int64?, mode: UInt32) async throws {
        var options = "mode=\(String(mode, radix: 8))"
        if let sizeBytes { options += ",size=\(sizeBytes)" }
        // Swapped-out secrets are on disk: noswap where the kernel has it (6.4).
        if KernelVersion.running >= KernelVersion(6, 4) { options += ",noswap" }
        try mount("tmpfs", at: path, options)
    }

    func mountHugetlbfs(at path: String, pageSizeBytes: Int64, mode: UInt32) async throws {
        try mount("hugetlbfs", at: path, "pagesize=\(pageSizeBytes),mode=\(String(mode, radix: 8))")
    }

    private func mount(_ type: String, at path: String, _ options: String) throws {
        guard unsafe Glibc.mount(type, path, type, UInt(MS_NOSUID | MS_NODEV), options) == 0 else {
            throw SystemError("mount \(type) (\(options)) on \(path)", .current)
        }
    }

    func unmount(_ path: String) async throws { try Self.unmountAll(exactly: path) }

    static func unmountAll(exactly path: String) throws {
        while try Unmount.path(path, lazily: true) {}
    }

    func isMounted(_ path: String) async throws -> Bool { try Self.mountPoints(below: path).contains(path) }

    /// Where something is mounted at or below a path, the deepest first.
    static func mountPoints(below path: String) throws -> [String] {
        try MountTable.read().entries.map(\.mountPoint).filter { $0 == path || $0.hasPrefix(path + "/") }.sorted { $0.count > $1.count }
    }
}
