internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
import Synchronization

/// Serves one handler over HTTP/1.1 and HTTP/2, with TLS (the protocol chosen by ALPN) or in plain text (HTTP/1.1).
///
/// Requests reach the handler whole; answers go out as bytes, as a stream that is written as it comes, or as a connection that leaves HTTP.
package final class HTTPServer: Sendable {
    private let shared: ServerShared
    private let group: MultiThreadedEventLoopGroup
    private let listeners: [any Channel]
    private let isShutDown = Atomic<Bool>(false)

    /// What is listened on, with the ports that were chosen.
    package let endpoints: [HTTPServerConfiguration.Endpoint]

    private init(
        shared: ServerShared, group: MultiThreadedEventLoopGroup, listeners: [any Channel],
        endpoints: [HTTPServerConfiguration.Endpoint]
    ) {
        self.shared = shared
        self.group = group
        self.listeners = listeners
        self.endpoints = endpoints
    }

    /// Binds every endpoint and begins to serve.
    ///
    /// - Throws: `HTTPServerError` when an address cannot be bound or the TLS identity is not usable; nothing listens then.
    package static func start(
        _ configuration: HTTPServerConfiguration, handler: @escaping HTTPRequestHandler
    ) async throws -> HTTPServer {
        let shared = try ServerShared(configuration, handler: handler)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.threadCount)
        var listeners: [any Channel] = []
        var endpoints: [HTTPServerConfiguration.Endpoint] = []
        do {
            for endpoint in configuration.endpoints {
                let listener = try await bind(endpoint, shared: shared, group: group)
                listeners.append(listener)
                endpoints.append(
                    .init(host: endpoint.host, port: listener.localAddress?.port ?? endpoint.port, mayBeAhead: endpoint.mayBeAhead))
            }
        } catch {
            for listener in listeners { try? await listener.close() }
            try? await group.shutdownGracefully()
            throw error
        }
        return HTTPServer(shared: shared, group: group, listeners: listeners, endpoints: endpoints)
    }

    private static func bind(
        _ endpoint: HTTPServerConfiguration.Endpoint, shared: ServerShared, group: MultiThreadedEventLoopGroup
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client that is gone without a word frees its watches within three minutes, as with Go's servers (tcp(7)).
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 15)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
            // A request comes in one read; a second one would only find nothing more.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try ConnectionSetup.install(on: channel, shared: shared) }
            }
        if endpoint.mayBeAhead { _ = bootstrap.serverChannelOption(.ipOption(.init(rawValue: IP_FREEBIND)), value: 1) }
        do {
            return try await bootstrap.bind(host: endpoint.host, port: endpoint.port).get()
        } catch {
            throw HTTPServerError(operation: "listen on \(endpoint)", cause: error)
        }
    }

    /// Shows another certificate to connections from now on, as after a renewal.
    package func replace(_ identity: TLSIdentity) throws { try shared.replace(identity) }

    /// How many connections are open.
    package var connectionCount: Int { shared.connections.count }

    /// Stops listening, lets requests under way end, ends streams, and closes what is left when the time is up. Once; a second call does nothing.
    package func shutdown() async {
        guard !isShutDown.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for listener in listeners { try? await listener.close() }
        shared.connections.drain()
        await shared.connections.waitUntilEmpty(for: shared.configuration.timeouts.shutdown)
        shared.connections.closeAll()
        try? await group.shutdownGracefully()
    }
}

/// A server that could not be started: what was tried, and why it failed.
package struct HTTPServerError: Error, CustomStringConvertible {
    package let operation: String
    package let cause: any Error

    /// When a system call failed: its error number, errno(3).
    package var errnoCode: CInt? { (cause as? IOError)?.errnoCode }

    package var description: String { "\(operation): \(cause)" }
}

extension HTTPServerConfiguration.Endpoint: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
