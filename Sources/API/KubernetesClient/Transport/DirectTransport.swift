package import APIMachinery
package import HTTPClient

/// Calls a request pipeline in this process: no socket, no TLS, the same identity and the same checks.
package struct DirectTransport: Transport {
    private let handle: @Sendable (APIRequest) async -> APIResponse

    /// - Parameter handle: The pipeline, with the caller's identity in it.
    package init(_ handle: @escaping @Sendable (APIRequest) async -> APIResponse) {
        self.handle = handle
    }

    package func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
        let response = await handle(request)
        return TransportResponse(status: response.status, headers: response.headers, body: try body(of: response))
    }

    private func body(of response: APIResponse) throws(TransportError) -> ByteStream {
        switch response.body {
        case .bytes(let bytes): return ByteStream([bytes])
        case .parts(let parts): return ByteStream(parts)
        case .stream(let write):
            let stream = ByteStream()
            write(stream)
            return stream
        case .upgrade: throw TransportError("the answer leaves HTTP, which a direct call can't follow")
        }
    }
}
