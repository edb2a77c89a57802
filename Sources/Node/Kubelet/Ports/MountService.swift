/// Mounts that volumes need. Implemented with the mount API by the program, and by nothing in simulations.
package protocol MountService: Sendable {
    /// - Parameter sizeBytes: nil: the kernel's default, half of the memory.
    func mountTmpfs(at path: String, sizeBytes: Int64?, mode: UInt32) async throws
    func mountHugetlbfs(at path: String, pageSizeBytes: Int64, mode: UInt32) async throws
    /// Takes everything mounted exactly there away. No error when nothing is.
    func unmount(_ path: String) async throws
    func isMounted(_ path: String) async throws -> Bool
    /// Whether recursive read-only bind mounts work (mount_setattr(2), kernel 5.12).
    var supportsRecursiveReadOnly: Bool { get }
}

/// Only remembers what would be mounted.
package final class NoMounts: MountService {
    package init() {}
    package func mountTmpfs(at path: String, sizeBytes: Int64?, mode: UInt32) async throws {}
    package func mountHugetlbfs(at path: String, pageSizeBytes: Int64, mode: UInt32) async throws {}
    package func unmount(_ path: String) async throws {}
    package func isMounted(_ path: String) async throws -> Bool { false }
    package var supportsRecursiveReadOnly: Bool { true }
}
