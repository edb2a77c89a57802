package import CRI
internal import Glibc
internal import LinuxSystem

extension NativeRuntime {
    package func portForward(sandbox id: String, port: UInt16) async throws(RuntimeError) -> any ByteChannel {
        try await verb("forward port \(port) of sandbox \(id)") {
            try await blocking { [self] in
                let sandbox = try sandbox(id)
                guard sandbox.isReady, let connection = sandbox.connection else {
                    throw RuntimeError(.failedPrecondition, "sandbox \(id) is not ready")
                }
                let usesHost = sandbox.config.linux.securityContext.namespaceOptions.network == .node
                let dialer = LocalhostDialer(namespaces: usesHost ? nil : connection.namespaces, sandboxID: id)
                return try DescriptorChannel(try dialer.connect(port), .socket)
            }
        }
    }
}

/// Connects to a port of `localhost` within a pod's network namespace.
private struct LocalhostDialer {
    /// nil: the machine's own.
    let namespaces: PodNamespaces?
    let sandboxID: String

    /// A pod that drops packets to itself must not hold a thread for minutes.
    private static let timeoutSeconds = 10

    func connect(_ port: UInt16) throws -> OwnedFD {
        do throws(Errno) {
            return try connect(AF_INET, port)
        } catch let first {
            do throws(Errno) {
                return try connect(AF_INET6, port)
            } catch let second {
                throw RuntimeError(
                    .unavailable,
                    "failed to connect to localhost:\(port) inside namespace \"\(sandboxID)\", IPv4: dial tcp4 127.0.0.1:\(port): connect: "
                        + "\(first) IPv6: dial tcp6 [::1]:\(port): connect: \(second)")
            }
        }
    }

    private func connect(_ family: CInt, _ port: UInt16) throws(Errno) -> OwnedFD {
        let socket = try socket(family)
        var limit = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        _ = unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var yes: CInt = 1
        _ = unsafe setsockopt(socket.rawValue, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
        let status = family == AF_INET ? connectIPv4(socket.rawValue, port) : connectIPv6(socket.rawValue, port)
        let errno = Errno.current
        guard status == 0 else { throw errno == Errno(rawValue: EINPROGRESS) ? .timedOut : errno }
        return socket
    }

    /// A socket belongs to the namespace that it was made in, whoever uses it: the thread is back in its own before anything can block.
    private func socket(_ family: CInt) throws(Errno) -> OwnedFD {
        guard let namespaces else { return try Self.makeSocket(family) }
        let own: OwnedFD
        do throws(SystemError) { own = try OwnedFD.namespace(.network) } catch { throw error.errno }
        let made = namespaces.withNetwork { network -> Result<CInt, Errno> in
            do throws(SystemError) { try ThreadNamespaces.join(network, .network) } catch { return .failure(error.errno) }
            do throws(Errno) { return .success(try Self.makeSocket(family).release()) } catch { return .failure(error) }
        }
        do throws(SystemError) {
            try ThreadNamespaces.join(own, .network)
        } catch {
            // Whatever ran on this thread next would work in the pod's network.
            fatalError("leave the network namespace of sandbox \(sandboxID): \(error)")
        }
        switch made {
        case .success(let number): return OwnedFD(adopting: number)
        case .failure(let error): throw error
        case nil: throw Errno(rawValue: ENXIO)
        }
    }

    private static func makeSocket(_ family: CInt) throws(Errno) -> OwnedFD {
        let number = Glibc.socket(family, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard number >= 0 else { throw Errno.current }
        return OwnedFD(adopting: number)
    }

    private func connectIPv4(_ socket: CInt, _ port: UInt16) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func connectIPv6(_ socket: CInt, _ port: UInt16) -> CInt {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}
