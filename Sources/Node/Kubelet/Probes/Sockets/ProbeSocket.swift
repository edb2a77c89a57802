internal import Glibc

/// A socket of one probe that never blocks. Its owner closes it.
struct ProbeSocket: Sendable {
    let fd: Int32
    let address: SocketAddress

    enum Connecting { case done(ProbeSocket), begun(ProbeSocket), failed(ProbeSocketFailure) }

    /// Begins to connect. On one machine that is mostly all there is to do.
    static func connect(to address: SocketAddress) -> Connecting {
        let fd = socket(address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return .failed(failure(.connecting, address, "socket", errno)) }
        // A probed program that never closes its side must not leave sockets behind for a minute each (tcp(7)).
        var seconds: Int32 = 1
        unsafe setsockopt(fd, Int32(IPPROTO_TCP), TCP_LINGER2, &seconds, socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe address.bytes.withUnsafeBytes { bytes in
            unsafe bytes.withMemoryRebound(to: sockaddr.self) { unsafe Glibc.connect(fd, $0.baseAddress, socklen_t(bytes.count)) }
        }
        let code = errno
        let socket = ProbeSocket(fd: fd, address: address)
        if result == 0 { return .done(socket) }
        if code == EINPROGRESS { return .begun(socket) }
        socket.close()
        return .failed(failure(.connecting, address, "connect", code))
    }

    /// What became of a connection attempt; nil: it stands.
    var connectFailure: ProbeSocketFailure? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length)
        return code == 0 ? nil : Self.failure(.connecting, address, "connect", code)
    }

    enum Transfer { case bytes(Int), wait, failed(ProbeSocketFailure) }

    func send(_ bytes: ArraySlice<UInt8>) -> Transfer {
        while true {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wait
            default: return .failed(failure(.waiting, "write", errno))
            }
        }
    }

    func receive(into buffer: inout [UInt8]) -> Transfer {
        while true {
            let count = unsafe recv(fd, &buffer, buffer.count, 0)
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wait
            default: return .failed(failure(.reading, "read", errno))
            }
        }
    }

    func close() { Glibc.close(fd) }

    private func failure(_ stage: ProbeSocketFailure.Stage, _ call: String, _ code: Int32) -> ProbeSocketFailure {
        ProbeSocketFailure(stage: stage, text: "\(call) tcp \(localText)->\(address.text): \(call): \(Self.words(code))")
    }

    private static func failure(
        _ stage: ProbeSocketFailure.Stage, _ address: SocketAddress, _ call: String, _ code: Int32
    ) -> ProbeSocketFailure {
        var failure = ProbeSocketFailure(stage: stage, text: "dial tcp \(address.text): \(call): \(words(code))")
        failure.isTimeout = code == ETIMEDOUT
        return failure
    }

    /// The own side's address, as Go puts it into its messages.
    private var localText: String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let code = unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw.withMemoryRebound(to: sockaddr.self) { pointer -> Int32 in
                guard let base = pointer.baseAddress, unsafe getsockname(fd, base, &length) == 0 else { return -1 }
                return unsafe getnameinfo(
                    base, length, &name, socklen_t(name.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
            }
        }
        guard code == 0 else { return "" }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return text(name).contains(":") ? "[\(text(name))]:\(text(port))" : "\(text(name)):\(text(port))"
    }

    /// As Go prints errno: in small letters.
    private static func words(_ code: Int32) -> String { unsafe String(cString: strerror(code)).lowercased() }
}
