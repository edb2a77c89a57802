internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Nftables

extension NetworkFault {
    /// What stands at the root of both ends of the pod's link.
    var discipline: QueueingDiscipline {
        if isPartition { return .dropsAll }
        if needsEmulation {
            return .netem(NetworkEmulation(delay: delay, jitter: jitter, loss: loss, bytesPerSecond: bytesPerSecond))
        }
        let rate = bytesPerSecond ?? 1
        // A frame at least, and what comes within 10 ms.
        return .tokenBucket(bytesPerSecond: rate, burstBytes: UInt32(clamping: max(1_600, rate / 100)), queueBytes: 64 << 10)
    }

    /// Only netem can be late or lose some.
    var needsEmulation: Bool { delay > .zero || jitter > .zero || loss > 0 }
}

/// The two ends of a pod's link.
struct PodLink: Sendable {
    private static let name = "eth0"
    private let namespace: String
    private let inside: UInt32
    private let outside: UInt32

    init(pid: Int32) throws {
        namespace = "/proc/\(pid)/ns/net"
        let descriptor = try NetworkNamespace.open(namespace)
        guard try NetworkNamespace.inode(of: descriptor) != NetworkNamespace.inode(of: NetworkNamespace.current()) else {
            throw FaultError("the pod has the machine's own network")
        }
        var socket = try NetworkNamespace.openSocket(in: descriptor)
        guard let link = try socket.link(.name(Self.name)), let peer = link.linkIndex else {
            throw FaultError("the pod has no link \(Self.name)")
        }
        (inside, outside) = (link.index, peer)
    }

    /// - Returns: What takes it back. A namespace that is gone by then has taken both ends with it.
    func set(_ discipline: QueueingDiscipline) throws -> @Sendable () throws -> Void {
        // Held, so that it is still this pod's namespace, whoever has the process's number then.
        let descriptor = SharedNamespace(try NetworkNamespace.open(namespace))
        let undo: @Sendable () throws -> Void = { [self] in
            var socket = try NetworkNamespace.openSocket(in: descriptor.value)
            try Self.reset(inside, &socket)
            var own = try NetlinkSocket()
            try Self.reset(outside, &own)
        }
        do {
            var socket = try NetworkNamespace.openSocket(in: descriptor.value)
            try socket.perform([.setQueueing(discipline, ofLink: inside)])
            var own = try NetlinkSocket()
            try own.perform([.setQueueing(discipline, ofLink: outside)])
        } catch {
            try? undo()
            throw error
        }
        return undo
    }

    /// A link that is gone, or has the kernel's own discipline again, is what was wanted.
    private static func reset(_ link: UInt32, _ socket: inout NetlinkSocket) throws {
        do { try socket.perform([.resetQueueing(ofLink: link)]) } catch {
            guard [ENOENT, EINVAL, ENODEV].contains(error.errno.rawValue) else { throw error }
        }
    }
}

/// A namespace held by several.
final class SharedNamespace: Sendable {
    let value: OwnedFD
    init(_ value: consuming OwnedFD) { self.value = value }
}

/// Questions for names that do not get out.
struct PodNames: Sendable {
    static let table = "swiftlet-experiment"
    static let rules = """
        chain output {
        type filter hook output priority filter
        meta l4proto { tcp, udp } th dport 53 drop
        }
        """
    let pid: Int32

    func silence() throws -> @Sendable () throws -> Void {
        let descriptor = SharedNamespace(try NetworkNamespace.open("/proc/\(pid)/ns/net"))
        guard try NetworkNamespace.inode(of: descriptor.value) != NetworkNamespace.inode(of: NetworkNamespace.current()) else {
            throw FaultError("the pod has the machine's own network")
        }
        try Self.inside(descriptor) { try $0.replace(NftablesTable(name: Self.table, content: Self.rules)) }
        return { try Self.inside(descriptor) { try $0.remove(Self.table) } }
    }

    private static func inside(_ namespace: SharedNamespace, _ body: (Nftables) throws -> Void) throws {
        try NetworkNamespace.run(in: namespace.value) {
            let rules = Nftables()
            defer { rules.close() }
            try body(rules)
        }
    }
}
