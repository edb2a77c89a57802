internal import APIMachinery
internal import Controllers
internal import Glibc
internal import LinuxSystem

/// Whether a program of this machine has a port: a load balancer's rules would take its callers away.
enum PortProbe {
    static let ofThisMachine: @Sendable (IPAddress, BalancedPort) -> Bool = { isOccupied($0, $1) }

    /// - Returns: False also for addresses of other machines.
    static func isOccupied(_ address: IPAddress, _ port: BalancedPort) -> Bool {
        let isUDP = port.transport == "UDP"
        guard port.transport != "SCTP", let number = UInt16(exactly: port.number) else { return false }
        let kind = Int32((isUDP ? SOCK_DGRAM : SOCK_STREAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let made = socket(address.isIPv4 ? AF_INET : AF_INET6, kind, 0)
        guard made >= 0 else { return false }
        let descriptor = OwnedFD(adopting: made)
        // For TCP with SO_REUSEADDR: then only what listens is in the way, not what is left of connections (socket(7)).
        var yes: CInt = 1
        if !isUDP {
            _ = unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        }
        return address.isIPv4 ? isTakenV4(descriptor.rawValue, address, number) : isTakenV6(descriptor.rawValue, address, number)
    }

    private static func isTakenV4(_ descriptor: CInt, _ address: IPAddress, _ port: UInt16) -> Bool {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = address.bytes.reduce(0) { $0 << 8 | UInt32($1) }.bigEndian
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status != 0 && errno == EADDRINUSE
    }

    private static func isTakenV6(_ descriptor: CInt, _ address: IPAddress, _ port: UInt16) -> Bool {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &name.sin6_addr) { unsafe $0.copyBytes(from: address.bytes) }
        let status = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
        return status != 0 && errno == EADDRINUSE
    }
}
