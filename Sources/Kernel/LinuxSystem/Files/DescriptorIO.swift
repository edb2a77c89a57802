internal import CLinux
import Glibc

/// Reading and writing an open file. Interrupted calls are repeated.
extension OwnedFD {
    /// Reads from the present position to the end.
    ///
    /// - Throws: `EFBIG` when there are more bytes than `limit`.
    package func readToEnd(limit: Int = .max) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let chunk = try read(upTo: 16 << 10)
            if chunk.isEmpty { return bytes }
            bytes = bytes.isEmpty ? chunk : bytes + chunk
            guard bytes.count <= limit else { throw Errno(rawValue: EFBIG) }
        }
    }

    /// One read(2): empty at the end.
    package func read(upTo count: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = -1
            repeat {
                got = unsafe Glibc.read(rawValue, buffer.baseAddress, buffer.count)
            } while got < 0 && Errno.current == .interrupted
            if got < 0 { failure = .current }
            filled = max(0, got)
        }
        if let failure { throw failure }
        return bytes
    }

    package func writeAll(_ bytes: [UInt8]) throws(Errno) {
        var offset = 0
        while offset < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(rawValue, buffer.baseAddress! + offset, bytes.count - offset)
            }
            if written < 0, Errno.current == .interrupted { continue }
            guard written > 0 else { throw written < 0 ? Errno.current : Errno(rawValue: EIO) }
            offset += written
        }
    }

    /// Both ends of a pipe, close-on-exec.
    package static func pipe() throws(Errno) -> Pipe {
        var ends: [CInt] = [-1, -1]
        guard unsafe clinux_pipe(&ends) == 0 else { throw Errno.current }
        return Pipe(read: OwnedFD(adopting: ends[0]), write: OwnedFD(adopting: ends[1]))
    }
}

@frozen package struct Pipe: ~Copyable, Sendable {
    package let read: OwnedFD
    package let write: OwnedFD
}
