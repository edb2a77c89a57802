package import APIMachinery

/// How an HTTP server listens, and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
    package struct Endpoint: Hashable, Sendable {
        /// An IPv4 or IPv6 address, not a name.
        package var host: String
        /// 0 for any free one.
        package var port: Int
        /// The address may come to a link of this machine later: ip(7), IP_FREEBIND.
        package var mayBeAhead = false

        package init(host: String, port: Int, mayBeAhead: Bool = false) {
            self.host = host
            self.port = port
            self.mayBeAhead = mayBeAhead
        }
    }

    /// Bounds on what one client can take. Whatever exceeds them is refused with a Status, or its connection closed.
    package struct Limits: Sendable {
        package var urlBytes = 64 << 10
        /// Names and values of a request's header fields together.
        package var headerBytes = 64 << 10
        package var headerCount = 128
        package var bodyBytes = 3 << 20
        /// Bodies of all requests that are being received, together.
        package var bodyBytesInTransit = 256 << 20
        package var connections = 20_000
        package var streamsPerConnection = 250
        /// What a streamed response may have waiting for a slow reader before it is cut off. One write may exceed it.
        package var streamBacklogBytes = 16 << 20
        /// The same of all streams together.
        package var streamBacklogBytesInAll = 256 << 20

        package init() {}
    }

    package struct Timeouts: Sendable {
        package var handshake = Duration.seconds(10)
        /// From the first byte of a request to the end of its header.
        package var header = Duration.seconds(10)
        /// From the end of the header to the end of the body.
        package var body = Duration.seconds(60)
        /// Between requests. Go's clients and servers use 90 seconds.
        package var idle = Duration.seconds(90)
        /// A response that its reader does not take a byte of for so long is broken off.
        package var stalledWrite = Duration.seconds(60)
        /// What a shutdown waits for requests under way.
        package var shutdown = Duration.seconds(10)

        package init() {}

        var shortest: Duration { [handshake, header, body, idle, stalledWrite].min() ?? idle }
    }

    package var endpoints: [Endpoint]
    /// nil for plain text.
    package var tls: TLSIdentity?
    package var limits = Limits()
    package var timeouts = Timeouts()
    /// Bodies from this size on are compressed for clients that accept gzip and are not on this machine.
    package var compressionThresholdBytes = 128 << 10
    package var compressesForLoopback = false
    /// Event loops; each is a thread.
    package var threadCount = 2

    package init(endpoints: [Endpoint], tls: TLSIdentity? = nil) {
        self.endpoints = endpoints
        self.tls = tls
    }
}

/// Answers a request. It begins on the connection's event loop and stays there until it first waits: it must not block.
package typealias HTTPRequestHandler = @Sendable (APIRequest, Peer) async -> APIResponse
