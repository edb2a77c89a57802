import APIMachinery
import Glibc
import KubernetesAPI
import KubernetesClient
import LinuxSystem
import Netlink
import PodNetwork

@testable import NetworkPolicies

/// A directory that goes with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/swiftlet-policy-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "mkdtemp")
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        for name in (try? Files.namesIfAny(in: path)) ?? [] { remove("\(path)/\(name)") }
        _ = rmdir(path)
    }
}

/// As the API server gives it, without the defaults.
func networkPolicy(_ name: String, in namespace: String, _ spec: JSONValue) -> NetworkPolicy {
    let json: JSONValue = [
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
    ]
    guard let policy = NetworkPolicy.decode(json).0 else { preconditionFailure("no policy: \(json)") }
    return policy
}

/// A pod without processes: its network namespace, with sockets of this process in it.
final class NetworkPod {
    let object: Pod
    let attachment: PodNetworkAttachment
    private let namespace: OwnedFD

    var address: Netlink.IPAddress { attachment.addresses[0].address }
    var key: ObjectKey { ObjectKey(object) }
    var policyPod: PolicyPod? { PolicyPod(object, nil, nodeName: "here") }

    init(_ object: Pod, in network: PodNetwork) throws {
        attachment = try network.attach(sandboxID: "\(object.metadata.namespace ?? "").\(object.metadata.name ?? "")")
        namespace = try NetworkNamespace.open(attachment.netnsPath)
        var object = object
        object.spec.nodeName = "here"
        object.status.podIP = "\(attachment.addresses[0].address)"
        self.object = object
    }

    /// A socket belongs for life to the namespace in which it is made.
    func inside<Success: ~Copyable>(_ body: () throws -> Success) throws -> Success { try NetworkNamespace.run(in: namespace, body) }
}

/// Non-blocking IPv4 sockets.
struct TestSocket: ~Copyable {
    let descriptor: OwnedFD
    var raw: CInt { descriptor.rawValue }

    /// In the calling thread's network namespace.
    init(isStream: Bool) throws {
        let type = CInt((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let made = socket(AF_INET, type, 0)
        guard made >= 0 else { throw SystemError("socket", .current) }
        descriptor = OwnedFD(adopting: made)
        // Closed with a reset: thousands of connections leave nothing behind.
        var now = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(made, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    static func listening(_ port: UInt16, isStream: Bool) throws -> TestSocket {
        let made = try TestSocket(isStream: isStream)
        guard with(Netlink.IPAddress(v4: 0), port, { bind(made.raw, $0, $1) }) == 0 else { throw SystemError("bind", .current) }
        if isStream { guard listen(made.raw, 1024) == 0 else { throw SystemError("listen", .current) } }
        return made
    }

    /// - Returns: 0 or EINPROGRESS, or why not.
    func connect(_ host: Netlink.IPAddress, _ port: UInt16) -> CInt {
        Self.with(host, port) { Glibc.connect(raw, $0, $1) } == 0 ? 0 : errno
    }

    /// How an attempt to connect has ended; nil: not yet.
    var outcome: CInt? {
        var state = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
        guard poll(&state, 1, 0) == 1 else { return nil }
        var (error, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
        _ = getsockopt(raw, SOL_SOCKET, SO_ERROR, &error, &size)
        return error
    }

    func send(_ bytes: [UInt8]) -> Bool { Glibc.send(raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count }

    /// nil: there is nothing.
    func receive() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = recv(raw, &bytes, bytes.count, 0)
        return count >= 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Takes a connection; nil: none waits.
    func accept() -> OwnedFD? {
        let taken = Glibc.accept(raw, nil, nil)
        return taken >= 0 ? OwnedFD(adopting: taken) : nil
    }

    private static func with<Result>(_ host: Netlink.IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result)
        -> Result
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(truncatingIfNeeded: host.value).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// Asks until the answer is yes.
func until(_ seconds: Int = 20, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < deadline else { return false }
        usleep(500)
    }
    return true
}
