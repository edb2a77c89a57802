internal import Glibc

/// An IP address with a port, as sockets take it.
struct SocketAddress: Sendable, Hashable {
    let family: Int32
    /// A `sockaddr_in` or `sockaddr_in6`.
    let bytes: [UInt8]
    /// `10.0.0.2:80`, `[fd00::2]:80`.
    let text: String

    /// - Parameter ip: Without a zone; nil when it is no address.
    init?(ip: String, port: UInt16) {
        if let address = Self.ipv4(ip, port) {
            (family, bytes, text) = (AF_INET, address, "\(ip):\(port)")
        } else if let address = Self.ipv6(ip, port) {
            (family, bytes, text) = (AF_INET6, address, "[\(ip)]:\(port)")
        } else {
            return nil
        }
    }

    private static func ipv4(_ ip: String, _ port: UInt16) -> [UInt8]? {
        var address = sockaddr_in()
        guard unsafe inet_pton(AF_INET, ip, &address.sin_addr) == 1 else { return nil }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
    }

    private static func ipv6(_ ip: String, _ port: UInt16) -> [UInt8]? {
        var address = sockaddr_in6()
        guard unsafe inet_pton(AF_INET6, ip, &address.sin6_addr) == 1 else { return nil }
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        return unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
    }

    /// The first address of a name. Blocks.
    ///
    /// - Returns: nil: the name is not known.
    static func look(up host: String, port: UInt16) -> SocketAddress? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &found) == 0, let first = unsafe found else { return nil }
        defer { unsafe freeaddrinfo(first) }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe getnameinfo(
            first.pointee.ai_addr, first.pointee.ai_addrlen, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return SocketAddress(ip: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), port: port)
    }
}
