internal import NIOSSL

/// What a server shows of itself, and whose client certificates it believes. PEM throughout.
package struct TLSIdentity: Hashable, Sendable {
    /// The server's certificate first, then those that vouch for it.
    package var certificateChain: String
    package var privateKey: String
    /// Authorities of client certificates; nil to ask for none. Clients without a certificate are served as well.
    package var clientAuthorities: String?

    package init(certificateChain: String, privateKey: String, clientAuthorities: String? = nil) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
    }

    /// - Throws: When the texts are not PEM, or key and certificate do not belong together.
    func makeContext() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificateChain.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(privateKey.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        if let clientAuthorities {
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthorities.utf8)))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
