package import HTTPClient

/// Where an API server listens and how it is recognised.
package struct ServerAddress: Sendable {
    /// A name or an IP address, which the server's certificate must have.
    package var host: String
    package var port: Int
    /// Certificates in PEM that may sign the server's.
    package var certificateAuthority: [UInt8]
    /// In PEM; nil when the client shows a token or nothing.
    package var clientCertificate: ClientCertificate?

    package init(host: String, port: Int, certificateAuthority: [UInt8], clientCertificate: ClientCertificate? = nil) {
        self.host = host
        self.port = port
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
    }

    /// As it stands in a `Host` field.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
