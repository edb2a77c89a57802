/// The answer to an `APIRequest`.
package struct APIResponse: Sendable {
    package var status: Int
    /// `Content-Length` and `Transfer-Encoding` are the transport's.
    package var headers: HTTPHeaders
    package var body: Body

    package enum Body: Sendable {
        case bytes([UInt8])
        /// One body in parts, written one after the other: what is stored is not copied to be answered.
        case parts([[UInt8]])
        /// Written as it comes, until one side ends it: a watch, a log that is followed.
        case stream(@Sendable (any ResponseStream) -> Void)
        /// The connection leaves HTTP (status 101; HTTP/1.1 only): WebSocket or SPDY frames follow.
        case upgrade(@Sendable (any RawConnection) -> Void)
    }

    package init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Where a streamed body is written. Called from any thread; nothing here blocks.
package protocol ResponseStream: AnyObject, Sendable {
    /// Queues bytes and sends them soon.
    ///
    /// - Returns: false when the reader is gone or so far behind that it was cut off: stop.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool
    /// Waits while so much is queued that a writer with more at hand had better wait.
    ///
    /// - Returns: false when the stream is over.
    func waitForRoom() async -> Bool
    /// Ends the body after what is queued.
    func finish()
    /// Called once, when the stream is over for whichever reason; at once when it is over already.
    func onClose(_ body: @escaping @Sendable () -> Void)
}

extension ResponseStream {
    /// Of a stream that takes everything at once.
    package func waitForRoom() async -> Bool { true }
}

/// A connection that has left HTTP: bytes both ways. Called from any thread.
package protocol RawConnection: AnyObject, Sendable {
    /// Waits until the bytes are accepted by the transport: back-pressure.
    func write(_ bytes: [UInt8]) async throws
    /// The next bytes; nil at the end.
    func read() async throws -> [UInt8]?
    func close()
}
