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
