internal import CLinux

/// Files without a name, memfd_create(2).
package enum MemoryFile {
    /// A file with these bytes, for a message that is too long for its socket.
    package static func make(_ bytes: [UInt8], name: String) throws(SystemError) -> OwnedFD {
        let fd = unsafe clinux_memfd(name, 1)  // MFD_CLOEXEC
        guard fd >= 0 else { throw SystemError("make memory file \(name)", .current) }
        let file = OwnedFD(adopting: fd)
        do throws(Errno) {
            try file.writeAll(bytes)
        } catch {
            throw SystemError("write \(bytes.count) bytes to memory file \(name)", error)
        }
        return file
    }
}
