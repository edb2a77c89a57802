package import APIMachinery
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
import Synchronization

/// Requests over HTTPS (HTTP/1.1): idle connections are kept for the next request, a watch has one of its own.
package final class HTTPSTransport: Transport {
    private let address: ServerAddress
    private let context: NIOSSLContext
    private let token: @Sendable () -> String?
    private let idle = Mutex<[any Channel]>([])
    private let maxIdle = 16

    /// - Parameter token: Asked for each request: tokens are renewed while a client lives.
    /// - Throws: When a certificate or key can't be read.
    package init(_ address: ServerAddress, token: @escaping @Sendable () -> String? = { nil }) throws(TransportError) {
        self.address = address
        self.token = token
        do { context = try address.makeContext() } catch { throw TransportError("TLS for \(address.authority): \(error)") }
    }

    deinit {
        for channel in idle.withLock({ $0 }) { channel.close(promise: nil) }
    }

    package func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
        if let channel = takeIdle() {
            do {
                return try await exchange(request, on: channel)
            } catch {
                // The server may have closed it just now; asking again does no harm where the request changes nothing.
                guard request.method == "GET", !Task.isCancelled else { throw error }
            }
        }
        return try await exchange(request, on: try await connect())
    }

    private func takeIdle() -> (any Channel)? {
        idle.withLock { idle in
            while let channel = idle.popLast() {
                if channel.isActive { return channel }
            }
            return nil
        }
    }

    private func keep(_ channel: any Channel) {
        let isKept = idle.withLock { idle in
            guard channel.isActive, idle.count < maxIdle else { return false }
            idle.append(channel)
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }

    private func connect() async throws(TransportError) -> any Channel {
        let (host, context) = (address.host, context)
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(10))
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        // Server name indication takes no addresses; those are compared with the peer's.
                        let name = host.isIPAddress ? nil : host
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
                    }
                }
                .connect(host: host, port: address.port).get()
        } catch {
            throw TransportError("connect to \(address.authority): \(error)")
        }
    }

    private func exchange(_ request: APIRequest, on channel: any Channel) async throws(TransportError) -> TransportResponse {
        let exchange = Exchange(request: request, head: head(of: request)) { [weak self] in
            if let self { keep(channel) } else { channel.close(promise: nil) }
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    exchange.setAnswer(continuation)
                    channel.writeAndFlush(exchange).whenFailure { exchange.fail(TransportError("\(self.address.authority): \($0)")) }
                }
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch let error as TransportError {
            throw TransportError("\(request.method) https://\(address.authority)\(request.path): \(error)")
        } catch {
            throw TransportError("\(request.method) https://\(address.authority)\(request.path): \(error)")
        }
    }

    private func head(of request: APIRequest) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .RAW(value: request.method), uri: request.target)
        for field in request.headers.fields { head.headers.add(name: field.name, value: field.value) }
        head.headers.replaceOrAdd(name: "Host", value: address.authority)
        if let token = token() { head.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            head.headers.replaceOrAdd(name: "Content-Length", value: "\(request.body.count)")
        }
        return head
    }
}

extension APIRequest {
    /// Path and query as they stand in a request's first line.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name.percentEncodedParameter)=\($0.value.percentEncodedParameter)" }.joined(separator: "&")
    }
}

extension String {
    /// As a name or value of a query: `:` and `@` may stand, everything else beyond unreserved characters may not.
    var percentEncodedParameter: String { percentEncodedSegment }

    var isIPAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
