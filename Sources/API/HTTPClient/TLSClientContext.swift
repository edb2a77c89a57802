internal import NIOSSL

/// Whom a client of TLS trusts, and what it shows of itself. Costs a few milliseconds to make: kept and shared.
package final class TLSClientContext: Sendable {
    package enum Trust: Hashable, Sendable {
        /// Certificates in PEM that may sign the server's.
        case authorities([UInt8])
        /// What this machine trusts.
        case system
        /// No proof is asked for: the connection is secret, but nobody knows from whom.
        case anybody
    }

    let context: NIOSSLContext

    /// - Throws: When a certificate or key can't be read.
    package init(trust: Trust, clientCertificate: ClientCertificate? = nil) throws(TransportError) {
        do { context = try Self.makeContext(trust, clientCertificate) } catch { throw TransportError("TLS: \(error)") }
    }

    private static func makeContext(_ trust: Trust, _ clientCertificate: ClientCertificate?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        switch trust {
        case .authorities(let pem): configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(pem))
        case .system: configuration.trustRoots = .default
        case .anybody: configuration.certificateVerification = .none
        }
        if let clientCertificate {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(clientCertificate.chain).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: clientCertificate.key, format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
