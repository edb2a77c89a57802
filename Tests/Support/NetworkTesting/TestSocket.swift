import Glibc
import LinuxSystem
import Netlink

/// Non-blocking IPv4 sockets. Each belongs for life to the network namespace of the thread that made it.
package final class TestSocket {
    package let descriptor: OwnedFD
    private var raw: CInt { descriptor.rawValue }

    package convenience init(isStream: Bool) throws {
        let type = CInt((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let made = socket(AF_INET, type, 0)
        guard made >= 0 else { throw SystemError("socket", .current) }
        self.init(OwnedFD(adopting: made))
    }

    private init(_ descriptor: consuming OwnedFD) {
        self.descriptor = descriptor
        // Closed with a reset: thousands of connections leave nothing behind.
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(raw, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// On every address.
    package static func listening(_ port: UInt16, isStream: Bool = true) throws -> TestSocket {
        let made = try TestSocket(isStream: isStream)
        guard with(IPAddress(v4: 0), port, { bind(made.raw, $0, $1) }) == 0 else { throw SystemError("bind port \(port)", .current) }
        if isStream { guard listen(made.raw, 1024) == 0 else { throw SystemError("listen on port \(port)", .current) } }
        return made
    }

    /// Goes out from this port, also when a connection of before had it.
    package func setOwnPort(_ port: UInt16) throws {
        var yes: CInt = 1
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard Self.with(IPAddress(v4: 0), port, { bind(raw, $0, $1) }) == 0 else { throw SystemError("bind port \(port)", .current) }
    }

    /// Begins to; see `outcome`.
    package func connect(_ host: IPAddress, _ port: UInt16) {
        let isConnected = Self.with(host, port) { Glibc.connect(raw, $0, $1) } == 0
        refusal = isConnected || errno == EINPROGRESS ? nil : errno
    }

    /// What connect itself said: nobody can ask for that error again, and the socket looks as if it had none.
    private var refusal: CInt?

    /// How an attempt to connect has ended, 0 or an errno; nil: not yet. The kernel tells an errno once.
    package var outcome: CInt? {
        if let refusal { return refusal }
        guard isReady(POLLOUT) else { return nil }
        var (error, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        _ = getsockopt(raw, SOL_SOCKET, SO_ERROR, &error, &size)
        return error
    }

    package func send(_ bytes: [UInt8]) -> Bool { Glibc.send(raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count }

    /// nil: there is nothing.
    package func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(raw, &bytes, bytes.count, 0)
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Whether a connection waits to be taken.
    package var hasConnection: Bool { isReady(POLLIN) }

    /// Takes a connection; nil: none waits.
    package func accept() -> TestSocket? {
        let taken = Glibc.accept(raw, nil, nil)
        guard taken >= 0 else { return nil }
        _ = fcntl(taken, F_SETFL, O_NONBLOCK)
        return TestSocket(OwnedFD(adopting: taken))
    }

    /// Whom a connection that was taken comes from.
    package var peer: IPAddress {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(raw, $0, &size) }
        }
        return IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr))
    }

    private func isReady(_ events: CInt) -> Bool {
        var state = pollfd(fd: raw, events: Int16(events), revents: 0)
        return poll(&state, 1, 0) == 1
    }

    private static func with<Result>(_ host: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: host.value).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// Asks until the answer is yes. For threads that may block.
package func blockUntil(seconds: Int = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < deadline else { return false }
        usleep(500)
    }
    return true
}
