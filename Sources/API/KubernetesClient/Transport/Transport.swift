package import APIMachinery
package import HTTPClient

/// How requests reach an API server: over HTTPS, or by a direct call of the same pipeline in this process.
package protocol Transport: Sendable {
    /// - Throws: When there is no answer; an answer that says no is an answer.
    func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse
}

package struct TransportResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: ByteStream

    package init(status: Int, headers: HTTPHeaders, body: ByteStream) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
