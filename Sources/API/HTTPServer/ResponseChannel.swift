internal import APIMachinery
internal import NIOCore

/// One response's way to the client: an HTTP/1.1 connection or an HTTP/2 stream. Confined to its event loop.
protocol ResponseChannel: AnyObject {
    var eventLoop: any EventLoop { get }
    /// False while what was sent waits for the client.
    var isWritable: Bool { get }
    func sendHead(_ head: ResponseHead)
    func sendBody(_ bytes: ByteBuffer)
    func flush()
    /// The response is complete.
    func finish()
    /// The response cannot be completed: the client must see that it is cut.
    func abort()
    /// The connection leaves HTTP after a head with status 101.
    ///
    /// - Returns: nil where the protocol does not know that (HTTP/2).
    func upgrade(_ head: ResponseHead) -> (any RawConnection)?
}

extension ResponseChannel {
    /// Sends an answer in the handler's place, all but its end.
    func send(_ refusal: Refusal) {
        sendHead(ResponseHead(status: Int(refusal.status.code), headers: refusal.headers, length: .bytes(refusal.body.count)))
        sendBody(ByteBuffer(bytes: refusal.body))
    }
}

/// Status and header fields of a response, before they are written the protocol's way.
struct ResponseHead {
    var status: Int
    var headers: HTTPHeaders
    var length: Length

    enum Length {
        /// 1xx, 204, 304.
        case noBody
        case bytes(Int)
        /// It ends when it ends.
        case stream
    }
}
