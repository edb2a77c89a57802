internal import Glibc
package import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
import Synchronization

/// Opens connections to one place, with TLS or in plain text. Errors are worded as Go's `net` and `crypto/tls` do: `dial tcp
/// 10.0.0.1:10250: connect: connection refused`.
package struct Dialer: Sendable {
    /// A name or an IP address.
    package var host: String
    package var port: Int
    /// What the certificate must be for, where that is not the host.
    package var serverName: String?
    package var timeout = Duration.seconds(10)
    /// Asked to connect to the place in this program's stead (RFC 9110, 9.3.6, CONNECT).
    package var proxy: Proxy?
    private let tls: TLSClientContext?

    /// - Parameter tls: nil for plain text.
    package init(host: String, port: Int, tls: TLSClientContext?, serverName: String? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
        self.serverName = serverName
    }

    /// As it stands in a `Host` field.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Connects, shakes hands, and puts handlers behind those of TLS.
    package func connect(_ initialize: @escaping @Sendable (any Channel) throws -> Void) async throws(TransportError) -> any Channel {
        let handshakes = Handshakes()
        do {
            let channel = try await open(handshakes, initialize)
            try await handshakes.completion(on: channel)
            return channel
        } catch {
            throw TransportError(words(for: error))
        }
    }

    private func open(
        _ handshakes: Handshakes, _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        let (name, tls, limit) = (serverName ?? host, tls, TimeAmount(timeout))
        let install = { @Sendable (channel: any Channel) throws in
            if let tls {
                // Server name indication takes no addresses; those are compared with the peer's.
                let handler = try NIOSSLClientHandler(context: tls.context, serverHostname: name.isIPAddress ? nil : name)
                try channel.pipeline.syncOperations.addHandlers(handler, handshakes.waiter(on: channel, within: limit))
            }
            try initialize(channel)
        }
        guard let proxy else {
            return try await bootstrap.channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try install(channel) } }
                .connect(host: host, port: port).get()
        }
        let channel = try await bootstrap.connect(host: proxy.host, port: proxy.port).get()
        do {
            try await tunnel(channel, proxy)
            try await channel.eventLoop.submit { try install(channel) }.get()
            return channel
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    private var bootstrap: ClientBootstrap {
        ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(TimeAmount(timeout))
            // A server that is gone without a word is noticed within a minute, also by a watch that waits (tcp(7)).
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 30)
            .channelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 10)
            .channelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
    }

    private func tunnel(_ channel: any Channel, _ proxy: Proxy) async throws {
        let (target, limit) = (authority, TimeAmount(timeout))
        try await channel.eventLoop.flatSubmit {
            let promise = channel.eventLoop.makePromise(of: Void.self)
            let timer = channel.eventLoop.scheduleTask(in: limit) { promise.fail(TransportError("proxy: i/o timeout")) }
            promise.futureResult.whenComplete { _ in timer.cancel() }
            do { try channel.pipeline.syncOperations.addHandler(ProxyHandshake(proxy, to: target, promise)) } catch { promise.fail(error) }
            return promise.futureResult
        }.get()
    }

    /// What went wrong in Go's words where it has some.
    func words(for error: any Error) -> String {
        switch error {
        case let error as TransportError: return error.description
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first { return "dial tcp \(authority): \(Self.words(forSocket: failure.error))" }
            return "dial tcp: lookup \(host): no such host"
        case is ChannelError, is IOError: return "dial tcp \(authority): \(Self.words(forSocket: error))"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "tls: failed to verify certificate: x509: certificate is not valid for \(serverName ?? host)"
        case NIOSSLError.handshakeFailed where "\(error)".contains("WRONG_VERSION_NUMBER"):
            return "http: server gave HTTP response to HTTPS client"
        case NIOSSLError.handshakeFailed where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            // The library does not tell these apart.
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority, or not valid at this time"
        default: return "\(error)"
        }
    }

    private static func words(forSocket error: any Error) -> String {
        switch error {
        case ChannelError.connectTimeout: "i/o timeout"
        case let error as IOError: "connect: \(Self.words(forErrno: error.errnoCode))"
        default: "\(error)"
        }
    }

    private static func words(forErrno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ETIMEDOUT: "connection timed out"
        case EHOSTUNREACH: "no route to host"
        case ENETUNREACH: "network is unreachable"
        case ECONNRESET: "connection reset by peer"
        default: "errno \(code)"
        }
    }
}

/// The handshakes of one attempt to connect, which may try several addresses at once.
private final class Handshakes: Sendable {
    private let futures = Mutex<[ObjectIdentifier: EventLoopFuture<Void>]>([:])

    func waiter(on channel: any Channel, within limit: TimeAmount) -> HandshakeWaiter {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        futures.withLock { $0[ObjectIdentifier(channel)] = promise.futureResult }
        return HandshakeWaiter(promise, within: limit)
    }

    func completion(on channel: any Channel) async throws {
        guard let future = futures.withLock({ $0[ObjectIdentifier(channel)] }) else { return }
        do { try await future.get() } catch {
            channel.close(promise: nil)
            throw error
        }
    }
}

/// Tells how a handshake ended, once.
private final class HandshakeWaiter: ChannelInboundHandler {
    typealias InboundIn = Any
    private var promise: EventLoopPromise<Void>?
    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(_ promise: EventLoopPromise<Void>, within limit: TimeAmount) {
        self.promise = promise
        self.limit = limit
    }

    /// A server may take a connection and say nothing.
    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) { bound.value.take()?.fail(TransportError("net/http: TLS handshake timeout")) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { take()?.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        take()?.fail(error)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        take()?.fail(TransportError("EOF"))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { take()?.fail(TransportError("EOF")) }

    private func take() -> EventLoopPromise<Void>? {
        defer { promise = nil }
        timer?.cancel()
        timer = nil
        return promise
    }
}

extension String {
    var isIPAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
