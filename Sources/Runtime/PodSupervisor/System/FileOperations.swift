internal import CLinux

/// The few things the supervisor does with files.
enum Files {
    static func openDirectory(_ path: Text) throws(SystemFailure) -> Descriptor {
        try SystemFailure.descriptor(unsafe path.withCString { path in unsafe sv_open_directory(path) })
    }

    /// Writes a whole value to an existing file, as control files of the kernel want it: in one call.
    static func write(_ value: [UInt8], to path: Text, in directory: Int32 = Int32(SV_CWD)) throws(SystemFailure) {
        let file = try SystemFailure.descriptor(
            unsafe path.withCString { path in unsafe sv_open_write(directory, path) })
        _ = try SystemFailure.check(unsafe value.withUnsafeBytes { bytes in unsafe sv_write(file.number, bytes.baseAddress, bytes.count) })
    }

    /// The first bytes of a small file.
    static func read(_ path: Text, limit: Int = 256) throws(SystemFailure) -> [UInt8] {
        let file = try SystemFailure.descriptor(
            unsafe path.withCString { path in unsafe sv_open_file(Int32(SV_CWD), path) })
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try SystemFailure.check(
            unsafe bytes.withUnsafeMutableBytes { buffer in unsafe sv_read(file.number, buffer.baseAddress, buffer.count) })
        bytes.removeLast(limit - count)
        return bytes
    }

    /// Replaces a file so that after a crash there is the old content or the new one, and after the return the new one.
    static func replaceDurably(_ name: Text, in directory: Int32, with content: [UInt8]) throws(SystemFailure) {
        let temporary = Text(".new-") + name.bytes
        let file = try SystemFailure.descriptor(
            unsafe temporary.withCString { name in unsafe sv_create_file(directory, name) })
        let written = try SystemFailure.check(
            unsafe content.withUnsafeBytes { bytes in unsafe sv_write(file.number, bytes.baseAddress, bytes.count) })
        guard written == content.count else { throw SystemFailure(number: Int32(SV_ENOSPC)) }
        _ = try SystemFailure.check(sv_sync(file.number))
        _ = try SystemFailure.check(
            unsafe temporary.withCString { from in unsafe name.withCString { to in unsafe sv_rename(directory, from, to, 1) } })
        _ = try SystemFailure.check(sv_sync(directory))
    }

    static func remove(_ name: Text, in directory: Int32) throws(SystemFailure) {
        _ = try SystemFailure.check(unsafe name.withCString { name in unsafe sv_unlink(directory, name) })
    }

    /// The names in a directory, without `.` and `..`, in no order. getdents64(2).
    static func names(in directory: Int32) throws(SystemFailure) -> [[UInt8]] {
        _ = try SystemFailure.check(sv_rewind(directory))
        var result: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try SystemFailure.check(
                unsafe buffer.withUnsafeMutableBytes { bytes in unsafe sv_entries(directory, bytes.baseAddress, bytes.count) })
            if count == 0 { return result }
            var offset = 0
            while offset + 19 < count {  // d_ino 8, d_off 8, d_reclen 2, d_type 1, then the name
                let length = Int(buffer[offset + 16]) | Int(buffer[offset + 17]) << 8
                guard length > 19, offset + length <= count else { break }
                let name = [UInt8](buffer[(offset + 19)..<(offset + length)].prefix { byte in byte != 0 })
                if name != [0x2e], name != [0x2e, 0x2e] { result.append(name) }
                offset += length
            }
        }
    }
}

/// Numbers of errno(3) as the protocol carries them.
enum ErrorNumber {
    static let invalid = Int32(SV_EINVAL)
    static let tryAgain = Int32(SV_EAGAIN)
    static let exists = Int32(SV_EEXIST)
    static let busy = Int32(SV_EBUSY)
    static let noEntry = Int32(SV_ENOENT)
    static let noProcess = Int32(SV_ESRCH)
    static let inputOutput = Int32(SV_EIO)
    static let noSpace = Int32(SV_ENOSPC)
    static let protocolError = Int32(SV_EPROTO)
    static let timedOut = Int32(SV_ETIMEDOUT)
    static let notSupported = Int32(SV_EOPNOTSUPP)
}
