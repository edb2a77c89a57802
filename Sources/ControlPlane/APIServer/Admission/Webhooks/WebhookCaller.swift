/// Carries an AdmissionReview to a webhook and brings the answer back. The server itself has no sockets.
package protocol WebhookCaller: Sendable {
    /// - Parameter timeout: How long everything may take, from finding the address to the answer's last byte.
    /// - Throws: When there is no answer.
    func post(_ body: [UInt8], to endpoint: WebhookEndpoint, timeout: Duration) async throws(WebhookCallError) -> WebhookAnswer
}

/// Where and how a webhook is reached.
package struct WebhookEndpoint: Hashable, Sendable {
    package struct Address: Hashable, Sendable {
        /// A name or an IP address.
        package var host: String
        package var port: Int
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Host and port as they stand in the URL: `hooks.default.svc:443`.
    package var authority: String
    /// What the certificate must be for.
    package var serverName: String
    /// With the query: `/mutate?timeout=10s`.
    package var target: String
    /// Where to connect.
    package var address: Address
    /// In PEM; empty for the authorities that this machine trusts.
    package var certificateAuthority: [UInt8]

    package init(authority: String, serverName: String, target: String, address: Address, certificateAuthority: [UInt8]) {
        self.authority = authority
        self.serverName = serverName
        self.target = target
        self.address = address
        self.certificateAuthority = certificateAuthority
    }

    package var url: String { "https://\(authority)\(target)" }
}

package struct WebhookAnswer: Sendable {
    package var status: Int
    package var contentType: String
    package var body: [UInt8]

    package init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Why there is no answer, in the words of Go's client: `dial tcp 10.0.0.1:443: connect: connection refused`.
package struct WebhookCallError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
