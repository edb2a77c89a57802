package import APIMachinery
package import HTTPClient
internal import NIOCore
internal import NIOHTTP1
import Synchronization

/// Requests over HTTPS (HTTP/1.1): idle connections are kept for the next request, a watch has one of its own.
package final class HTTPSTransport: Transport {
    private let dialer: Mutex<Dialer>
    /// As it stands in `Host` and in messages.
    private let authority: String
    private let token: @Sendable () -> String?
    private let policy: Policy
    private let idle = Mutex<[IdleConnection]>([])
    private let maxIdle = 16

    private struct IdleConnection {
        let channel: any Channel
        /// Later the server may close it at any time (its limit is 90 s, as that of Go's servers).
        let usableUntil: NIODeadline
    }

    /// - Parameter token: Asked for each request: tokens are renewed while a client lives.
    /// - Throws: When a certificate or key can't be read.
    package convenience init(
        _ address: ServerAddress, policy: Policy = Policy(), token: @escaping @Sendable () -> String? = { nil }
    ) throws(TransportError) {
        let tls = try TLSClientContext(
            trust: .authorities(address.certificateAuthority), clientCertificate: address.clientCertificate)
        self.init(Dialer(host: address.host, port: address.port, tls: tls), authority: address.authority, policy: policy, token: token)
    }

    package struct Policy: Sendable {
        /// Requests that were not answered on a kept connection may be sent again, whatever their method.
        package var retriesAll = false
        /// Errors begin with the request's method and URL.
        package var namesRequest = true
        /// How long a server may be silent before and within an answer. A stream may be silent as long as it was asked for.
        package var silenceMax = Duration.seconds(90)
        package init() {}
    }

    package init(
        _ dialer: Dialer, authority: String, policy: Policy = Policy(), token: @escaping @Sendable () -> String? = { nil }
    ) {
        self.dialer = Mutex(dialer)
        self.authority = authority
        self.policy = policy
        self.token = token
    }

    /// Shows another certificate on the connections that are made from now on.
    ///
    /// - Throws: When a certificate or key can't be read; then nothing has changed.
    package func replace(_ address: ServerAddress) throws(TransportError) {
        let tls = try TLSClientContext(
            trust: .authorities(address.certificateAuthority), clientCertificate: address.clientCertificate)
        dialer.withLock { $0 = Dialer(host: address.host, port: address.port, tls: tls) }
        let old = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        for connection in old { connection.channel.close(promise: nil) }
    }

    deinit {
        for connection in idle.withLock({ $0 }) { connection.channel.close(promise: nil) }
    }

    package func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
        do throws(TransportError) {
            return try await attempt(request)
        } catch {
            guard policy.namesRequest else { throw error }
            throw TransportError("\(request.method) https://\(authority)\(request.path): \(error)")
        }
    }

    private func attempt(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
        if let channel = takeIdle() {
            do {
                return try await exchange(request, on: channel)
            } catch {
                // The server may have closed it just now; asking again does no harm where the request changes nothing.
                guard request.method == "GET" || policy.retriesAll, !Task.isCancelled else { throw error }
            }
        }
        return try await exchange(request, on: try await connect())
    }

    private func takeIdle() -> (any Channel)? {
        idle.withLock { idle in
            while let connection = idle.popLast() {
                if connection.channel.isActive, connection.usableUntil > .now() { return connection.channel }
                connection.channel.close(promise: nil)
            }
            return nil
        }
    }

    private func keep(_ channel: any Channel) {
        let isKept = idle.withLock { idle in
            idle.removeAll { !$0.channel.isActive }
            guard channel.isActive, idle.count < maxIdle else { return false }
            idle.append(IdleConnection(channel: channel, usableUntil: .now() + .seconds(60)))
            return true
        }
        if !isKept { channel.close(promise: nil) }
    }

    private func connect() async throws(TransportError) -> any Channel {
        try await dialer.withLock { $0 }.connect { channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(ExchangeHandler())
        }
    }

    private func exchange(_ request: APIRequest, on channel: any Channel) async throws(TransportError) -> TransportResponse {
        let patience = Patience(for: request, silenceMax: policy.silenceMax)
        let exchange = Exchange(request: request, head: head(of: request), patience: patience) { [weak self] in
            if let self { keep(channel) } else { channel.close(promise: nil) }
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    exchange.setAnswer(continuation)
                    channel.writeAndFlush(exchange).whenFailure { exchange.fail(TransportError("\($0)")) }
                }
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            throw error as? TransportError ?? TransportError("\(error)")
        }
    }

    private func head(of request: APIRequest) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .RAW(value: request.method), uri: request.target)
        for field in request.headers.fields { head.headers.add(name: field.name, value: field.value) }
        head.headers.replaceOrAdd(name: "Host", value: authority)
        if let token = token()?.trimmingWhiteSpace, !token.isEmpty {
            head.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)")
        }
        if !request.body.isEmpty || ["POST", "PUT", "PATCH"].contains(request.method) {
            head.headers.replaceOrAdd(name: "Content-Length", value: "\(request.body.count)")
        }
        return head
    }
}

extension String {
    /// Token files end with a line break, which a header field must not have.
    fileprivate var trimmingWhiteSpace: String {
        let isVisible = { (byte: UInt8) in byte > 0x20 }
        guard let first = utf8.firstIndex(where: isVisible), let last = utf8.lastIndex(where: isVisible) else { return "" }
        return String(self[first...last])
    }
}
