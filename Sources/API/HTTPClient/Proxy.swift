internal import APIMachinery
internal import NIOCore

/// A proxy that opens tunnels (RFC 9110, 9.3.6, CONNECT). It is spoken to in plain text; what goes through it is TLS.
package struct Proxy: Hashable, Sendable {
    package var host: String
    package var port: Int
    /// Of `Proxy-Authorization`.
    var authorization: String?

    /// - Parameter text: `http://user:password@proxy.example.com:3128`; the scheme and the user may be missing.
    /// - Returns: nil for anything else.
    package init?(_ text: String) {
        var rest = text.hasPrefix("http://") ? Substring(text).dropFirst("http://".count) : Substring(text)
        if let at = rest.lastIndex(of: "@") {
            guard let user = PercentEncoding.decoded(rest[..<at]) else { return nil }
            authorization = "Basic \(Base64Data(Array((user.contains(":") ? user : "\(user):").utf8)).base64)"
            rest = rest[rest.index(after: at)...]
        }
        guard let url = HTTPURL("http://\(rest)") else { return nil }
        (host, port) = (url.host, url.port)
    }
}

/// Asks a proxy for a tunnel and steps aside when it is there.
final class ProxyHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: String
    private let promise: EventLoopPromise<Void>
    private var isOver = false
    private var answer: [UInt8] = []

    /// - Parameter authority: Where the tunnel is to lead: `host:port`.
    init(_ proxy: Proxy, to authority: String, _ promise: EventLoopPromise<Void>) {
        let credentials = proxy.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        request = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n\(credentials)\r\n"
        self.promise = promise
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer += unwrapInboundIn(data).readableBytesView
        guard let end = answer.indices.first(where: { answer[$0...].starts(with: [13, 10, 13, 10]) }) else {
            if answer.count > 16 << 10 { finish(TransportError("proxy: the answer to CONNECT does not end")) }
            return
        }
        let line = String(decoding: answer[..<end].prefix { $0 != 13 }, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), words[1] == "200" else {
            return finish(TransportError("proxy: \(words.dropFirst().joined(separator: " "))"))
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        finish(nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(TransportError("proxy: EOF"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(TransportError("proxy: \(error)")) }

    private func finish(_ error: TransportError?) {
        guard !isOver else { return }
        isOver = true
        if let error { promise.fail(error) } else { promise.succeed() }
    }
}
