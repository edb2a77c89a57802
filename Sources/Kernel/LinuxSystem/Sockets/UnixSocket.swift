internal import CLinux
import Glibc

/// Unix sockets, unix(7), with descriptors in messages.
package enum UnixSocket {
    package enum Kind: Sendable {
        case stream, packets
        var rawValue: CInt { CInt(self == .stream ? SOCK_STREAM.rawValue : SOCK_SEQPACKET.rawValue) | closeOnExec }
        private var closeOnExec: CInt { 0o2000000 }
    }

    package static func pair(_ kind: Kind) throws(SystemError) -> SocketPair {
        var ends: [CInt] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, kind.rawValue, 0, &ends) == 0 else { throw SystemError("make a socket pair", .current) }
        return SocketPair(one: OwnedFD(adopting: ends[0]), other: OwnedFD(adopting: ends[1]))
    }

    /// - Throws: `ECONNREFUSED` when nobody listens there any more, `ENOENT` when there is no socket.
    package static func connect(_ path: String, _ kind: Kind) throws(SystemError) -> OwnedFD {
        let socket = try open(kind)
        var address = try address(of: path)
        let status = unsafe withPointer(to: &address) { unsafe Glibc.connect(socket.rawValue, $0, $1) }
        guard status == 0 else { throw SystemError("connect to \(path)", .current) }
        return socket
    }

    /// Listens at a path; a socket that is there is removed first. Mode 0600.
    package static func listen(_ path: String, _ kind: Kind, backlog: CInt = 64) throws(SystemError) -> OwnedFD {
        let socket = try open(kind)
        var address = try address(of: path)
        try Files.remove(path)
        // bind(2) makes the file with the mode of the socket's inode, less the umask.
        guard fchmod(socket.rawValue, 0o600) == 0 else { throw SystemError("set the mode of \(path)", .current) }
        let status = unsafe withPointer(to: &address) { unsafe Glibc.bind(socket.rawValue, $0, $1) }
        guard status == 0, Glibc.listen(socket.rawValue, backlog) == 0 else { throw SystemError("listen at \(path)", .current) }
        return socket
    }

    private static func open(_ kind: Kind) throws(SystemError) -> OwnedFD {
        let fd = socket(AF_UNIX, kind.rawValue, 0)
        guard fd >= 0 else { throw SystemError("make a unix socket", .current) }
        return OwnedFD(adopting: fd)
    }

    private static func address(of path: String) throws(SystemError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else { throw SystemError("socket path \(path)", Errno(rawValue: ENAMETOOLONG)) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return address
    }

    private static func withPointer<Value>(
        to address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

package struct SocketPair: ~Copyable, Sendable {
    package let one: OwnedFD
    package let other: OwnedFD
}

/// Who is at the other end, when it connected: SO_PEERCRED.
package struct PeerCredentials: Hashable, Sendable {
    package var pid: Int32
    package var uid: UInt32
    package var gid: UInt32
}

/// What came in one message.
package struct SocketMessage: ~Copyable, Sendable {
    /// Empty: the other end is closed.
    package var bytes: [UInt8]
    package var descriptors: [DescriptorBox]
    /// Bytes or descriptors did not fit and are lost.
    package var isTruncated: Bool
}

/// A descriptor in an array, which cannot hold one that is not copyable.
package final class DescriptorBox: Sendable {
    package let fd: OwnedFD
    package init(_ fd: consuming OwnedFD) { self.fd = fd }
}

extension OwnedFD {
    package func peerCredentials() throws(Errno) -> PeerCredentials {
        var credentials = (pid: Int32(0), uid: UInt32(0), gid: UInt32(0))  // struct ucred
        var length = socklen_t(12)
        guard unsafe getsockopt(rawValue, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { throw Errno.current }
        return PeerCredentials(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
    }

    package func acceptConnection() throws(Errno) -> OwnedFD {
        while true {
            let fd = clinux_accept(rawValue)
            if fd >= 0 { return OwnedFD(adopting: fd) }
            let error = Errno.current
            guard error == .interrupted else { throw error }
        }
    }

    /// Sends one message; the descriptors stay the caller's. `EPIPE` instead of a signal when nobody reads any more.
    package func send(_ bytes: [UInt8], descriptors: [CInt] = []) throws(Errno) {
        while true {
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe clinux_send(rawValue, $0.baseAddress, $0.count, descriptors, CInt(descriptors.count), 0)
            }
            if sent == bytes.count { return }
            let error = sent < 0 ? Errno.current : Errno(rawValue: EMSGSIZE)
            guard error == .interrupted else { throw error }
        }
    }

    /// Receives one message.
    ///
    /// - Parameter waits: For it to come; else `EAGAIN` says that none is there.
    package func receive(upTo count: Int, descriptors room: Int = 0, waits: Bool = true) throws(Errno) -> SocketMessage {
        let flags = waits ? 0 : CInt(MSG_DONTWAIT)
        var numbers = [CInt](repeating: -1, count: room)
        var taken = CInt(room)
        var isTruncated: CInt = 0
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = -1
            repeat {
                taken = CInt(room)
                got = unsafe clinux_receive(rawValue, buffer.baseAddress, buffer.count, &numbers, &taken, flags, &isTruncated)
            } while got < 0 && Errno.current == .interrupted
            if got < 0 { failure = .current }
            filled = min(max(0, got), count)
        }
        if let failure { throw failure }
        return SocketMessage(
            bytes: bytes, descriptors: numbers.prefix(Int(taken)).map { DescriptorBox(OwnedFD(adopting: $0)) },
            isTruncated: isTruncated != 0)
    }
}
