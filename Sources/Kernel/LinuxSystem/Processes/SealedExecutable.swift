internal import CLinux
import Glibc

/// A copy of a program in sealed memory, memfd_create(2).
///
/// A process that runs it shows this copy as /proc/PID/exe: whoever gets hold of that link, from inside a container too,
/// can write neither to it nor to the file on disk.
package final class SealedExecutable: Sendable {
    package let descriptor: OwnedFD
    /// The file it was copied from, for messages.
    package let path: String

    package init(path: String) throws(SystemError) {
        self.path = path
        let source = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw SystemError("open \(path)", .current) }
        let file = OwnedFD(adopting: source)
        do throws(Errno) {
            descriptor = try Self.seal(file)
        } catch {
            throw SystemError("copy \(path) to sealed memory", error)
        }
    }

    private static func seal(_ file: borrowing OwnedFD) throws(Errno) -> OwnedFD {
        // MFD_EXEC since Linux 6.3, where a sysctl may make memory files not executable otherwise; unknown to older kernels.
        var fd = unsafe clinux_memfd("swiftlet", flags | executable)
        if fd < 0, Errno.current == .invalidArgument { fd = unsafe clinux_memfd("swiftlet", flags) }
        guard fd >= 0 else { throw Errno.current }
        let memory = OwnedFD(adopting: fd)
        var status = stat()
        guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno.current }
        var left = Int(status.st_size)
        while left > 0 {
            let copied = sendfile(memory.rawValue, file.rawValue, nil, left)
            guard copied > 0 else { throw copied < 0 ? Errno.current : Errno(rawValue: EIO) }
            left -= copied
        }
        guard fchmod(memory.rawValue, 0o755) == 0 else { throw Errno.current }
        try applySeals(memory)
        return memory
    }

    /// The kernel answers EBUSY while something holds a page of the file for a moment, as reclaim and migration do: fcntl_seal in mm/memfd.c
    /// waits 150 ms for them, which a busy machine may exceed.
    private static func applySeals(_ memory: borrowing OwnedFD) throws(Errno) {
        for pause in [10_000, 50_000, 250_000, 1_000_000, nil] as [UInt32?] {
            if clinux_seal(memory.rawValue, seals) == 0 { return }
            guard Errno.current == .busy, let pause else { throw Errno.current }
            usleep(pause)
        }
    }

    private static let flags: UInt32 = 0x3  // MFD_CLOEXEC | MFD_ALLOW_SEALING
    private static let executable: UInt32 = 0x10  // MFD_EXEC
    private static let seals: CInt = 0xf  // F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE
}
