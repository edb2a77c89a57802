internal import Glibc
internal import LinuxSystem
internal import Netlink

/// A socket that keeps a port of the node from every other program while it leads to a sandbox: what one of them bound to it would never
/// hear a packet, nor be told why; nor would a second instance's pods. Nothing arrives here, since the rules lead it on before.
///
/// It is there as long as the process that mapped the port; the next one takes it again.
final class HeldPort: Sendable {
    private let socket: OwnedFD

    /// - Throws: `EADDRINUSE` when another program has it; `EADDRNOTAVAIL` when the node has no such address.
    init(_ key: HostPortForward.Key) throws(SystemError) {
        let family = key.family == .v4 ? AF_INET : AF_INET6
        let kind = key.transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let number = Glibc.socket(family, CInt(kind.rawValue | SOCK_CLOEXEC.rawValue), key.transport.protocolNumber)
        guard number >= 0 else { throw SystemError("make a socket for \(key)", .current) }
        socket = OwnedFD(adopting: number)
        // What an earlier server's ended connections keep is no obstacle (socket(7)); a second one that listens is.
        if key.transport != .udp { try set(SOL_SOCKET, SO_REUSEADDR, key) }
        if key.family == .v6 { try set(CInt(IPPROTO_IPV6), IPV6_V6ONLY, key) }
        guard bind(key) == 0, key.transport == .udp || listen(number, 1) == 0 else { throw SystemError("bind \(key)", .current) }
    }

    private func set(_ level: CInt, _ option: CInt, _ key: HostPortForward.Key) throws(SystemError) {
        var one: CInt = 1
        guard unsafe setsockopt(socket.rawValue, level, option, &one, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw SystemError("set up a socket for \(key)", .current)
        }
    }

    private func bind(_ key: HostPortForward.Key) -> CInt {
        let bytes = key.address?.bytes ?? []
        if key.family == .v4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = key.port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: bytes) }
            return bind(&address)
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = key.port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: bytes) }
        return bind(&address)
    }

    private func bind<Address>(_ address: inout Address) -> CInt {
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(socket.rawValue, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}

extension HostPort.Transport {
    fileprivate var protocolNumber: CInt {
        switch self {
        case .tcp: CInt(IPPROTO_TCP)
        case .udp: CInt(IPPROTO_UDP)
        case .sctp: CInt(IPPROTO_SCTP)
        }
    }
}

extension HostPortForward.Key: CustomStringConvertible {
    /// `0.0.0.0:80/tcp`, `[::]:80/tcp`.
    var description: String {
        let place = address.map { "\($0)" } ?? (family == .v4 ? "0.0.0.0" : "::")
        return "\(family == .v4 ? place : "[\(place)]"):\(port)/\(transport.rawValue)"
    }
}
