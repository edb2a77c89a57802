package import LinuxSystem
internal import CMnl
internal import Glibc

/// Network namespaces by descriptor. No process is started, and no thread but a dedicated one changes its namespace.
package enum NetworkNamespace {
    /// A new namespace (`lo` down, nothing else) and a netlink socket inside it.
    package struct Created: ~Copyable, Sendable {
        package let descriptor: OwnedFD
        package var socket: NetlinkSocket

        /// Drops the socket and gives up the descriptor.
        package consuming func intoDescriptor() -> OwnedFD { descriptor }
    }

    /// Makes a namespace owned by the caller's user namespace. It lives as long as a descriptor, a bind mount or a process holds it.
    package static func create() throws -> Created {
        try withDedicatedThread { () throws -> Created in
            guard cmnl_unshare(UInt(CLONE_NEWNET)) == 0 else { throw NetlinkError("create network namespace", .current) }
            return Created(descriptor: try current(), socket: try NetlinkSocket())
        }
    }

    /// The calling thread's namespace.
    package static func current() throws(NetlinkError) -> OwnedFD {
        try open("/proc/thread-self/ns/net")
    }

    /// A namespace by its file: `/proc/PID/ns/net` or a bind mount of it.
    package static func open(_ path: String) throws(NetlinkError) -> OwnedFD {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw NetlinkError("open network namespace \(path)", .current) }
        return OwnedFD(adopting: descriptor)
    }

    /// A socket inside the namespace; the calling thread stays where it is.
    package static func openSocket(
        in namespace: borrowing OwnedFD, _ bus: NetlinkSocket.Bus = .route
    ) throws -> NetlinkSocket {
        let descriptor = namespace.rawValue
        return try withDedicatedThread { () throws -> NetlinkSocket in
            try enter(descriptor)
            return try NetlinkSocket(bus)
        }
    }

    /// Runs `body` on a thread inside the namespace, for what netlink cannot do (files below /proc/sys/net, plain sockets).
    package static func run<Success: ~Copyable>(
        in namespace: borrowing OwnedFD, _ body: () throws -> Success
    ) throws -> Success {
        let descriptor = namespace.rawValue
        return try withDedicatedThread { () throws -> Success in
            try enter(descriptor)
            return try body()
        }
    }

    /// Runs `body` on a thread in a new network namespace and a new private mount namespace, which end with it. For checks and tests:
    /// what `body` makes (links, rules, mounts) is not seen outside and goes by itself.
    package static func runApart<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success {
        try withDedicatedThread { () throws -> Success in
            guard cmnl_unshare(UInt(CLONE_NEWNET) | UInt(CLONE_NEWNS)) == 0 else {
                throw NetlinkError("create network and mount namespaces", .current)
            }
            guard unsafe mount(nil, "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil) == 0 else {
                throw NetlinkError("make all mounts private", .current)
            }
            return try body()
        }
    }

    /// Identifies a namespace: device and inode of its file.
    package static func inode(of namespace: borrowing OwnedFD) throws(NetlinkError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(namespace.rawValue, &status) == 0 else { throw NetlinkError("stat network namespace", .current) }
        return UInt64(status.st_ino)
    }

    private static func enter(_ descriptor: CInt) throws(NetlinkError) {
        guard cmnl_setns(descriptor, CInt(CLONE_NEWNET)) == 0 else {
            throw NetlinkError("enter network namespace (descriptor \(descriptor))", .current)
        }
    }
}
