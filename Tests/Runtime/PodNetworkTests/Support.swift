import Glibc
import LinuxSystem
import Netlink

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/swiftlet-net-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "mkdtemp")
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            _ = closedir(stream)
        }
        _ = rmdir(path)
    }
}

/// A thread to be joined; by reference, so that many fit into an array.
final class Background {
    private var thread: BackgroundThread?
    init(_ body: @escaping @Sendable () -> Void) throws { thread = try BackgroundThread(body) }
    func join() { thread.take()?.join() }
}

/// Asks until the answer is yes, for at most ten seconds.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<2000 {
        if try condition() { return true }
        usleep(5000)
    }
    return false
}

/// Plain IPv4 TCP sockets. Each belongs to the network namespace of the thread that made it.
enum TCP {
    private static func address(_ host: IPAddress, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: host.value).bigEndian
        return address
    }

    private static func with<Result>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func socket(timeoutSeconds: Int = 5) throws -> OwnedFD {
        let descriptor = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket", .current) }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        return OwnedFD(adopting: descriptor)
    }

    /// Listens on every address.
    static func listen(_ port: UInt16) throws -> OwnedFD {
        let server = try socket()
        var any = address(IPAddress(v4: 0), port)
        guard with(&any, { bind(server.rawValue, $0, $1) }) == 0, Glibc.listen(server.rawValue, 8) == 0 else {
            throw SystemError("listen on port \(port)", .current)
        }
        return server
    }

    static func connect(_ host: IPAddress, _ port: UInt16, timeoutSeconds: Int = 5) throws -> OwnedFD {
        let client = try socket(timeoutSeconds: timeoutSeconds)
        var peer = address(host, port)
        guard with(&peer, { Glibc.connect(client.rawValue, $0, $1) }) == 0 else {
            throw SystemError("connect to \(host):\(port)", .current)
        }
        return client
    }

    /// The address that the next connection comes from.
    static func acceptedPeer(_ server: borrowing OwnedFD) throws -> IPAddress {
        var peer = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = with(&peer) { address, _ in accept(server.rawValue, address, &length) }
        guard descriptor >= 0 else { throw SystemError("accept", .current) }
        _ = close(descriptor)
        return IPAddress(v4: UInt32(bigEndian: peer.sin_addr.s_addr))
    }
}

/// Datagrams, over IPv4.
enum UDP {
    private static func with<Result>(_ host: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: host.value).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// A socket on every address.
    static func bound(_ port: UInt16) throws -> OwnedFD {
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket", .current) }
        let bound = OwnedFD(adopting: descriptor)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard with(IPAddress(v4: 0), port, { bind(descriptor, $0, $1) }) == 0 else { throw SystemError("bind port \(port)", .current) }
        return bound
    }

    static func send(_ text: String, _ socket: borrowing OwnedFD, to host: IPAddress, _ port: UInt16) throws {
        let descriptor = socket.rawValue
        let bytes = Array(text.utf8)
        guard with(host, port, { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }) == bytes.count else {
            throw SystemError("send to \(host):\(port)", .current)
        }
    }

    /// The next datagram's text; waits 5 s.
    static func receive(_ socket: borrowing OwnedFD) throws -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = recv(socket.rawValue, &bytes, bytes.count, 0)
        guard count >= 0 else { throw SystemError("receive", .current) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
