internal import APIMachinery
internal import Crypto
internal import FoundationEssentials
internal import X509

/// Signs certificates with the cluster's authority.
struct CertificateSigner: Sendable {
    /// Clocks of those who read it may be behind (upstream's figure).
    private static let backdate: TimeInterval = 300
    private static let longest = Duration.seconds(365 * 24 * 3600)

    private let authority: Certificate
    private let key: P256.Signing.PrivateKey

    /// - Throws: When the texts are damaged.
    init(_ settings: ClusterAuthority) throws {
        authority = try Certificate(pemEncoded: settings.certificate)
        key = try P256.Signing.PrivateKey(pemRepresentation: settings.privateKey)
    }

    /// - Parameters:
    ///   - usages: With the names of certificates.k8s.io: `digital signature`, `client auth`.
    ///   - lifetime: What is asked for; at most a year is given.
    /// - Returns: PEM.
    func sign(_ requested: RequestedCertificate, usages: [String], lifetime: Duration?, now: Timestamp) throws -> String {
        let begin = Date(timeIntervalSince1970: TimeInterval(now.seconds))
        let seconds = TimeInterval(min(lifetime ?? Self.longest, Self.longest).components.seconds)
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: requested.request.publicKey, notValidBefore: begin - Self.backdate,
            notValidAfter: min(begin + seconds, authority.notValidAfter), issuer: authority.subject, subject: requested.request.subject,
            extensions: try extensions(requested, usages), issuerPrivateKey: .init(key))
        return try certificate.serializeAsPEM().pemString + "\n"
    }

    private func extensions(_ requested: RequestedCertificate, _ usages: [String]) throws -> Certificate.Extensions {
        let usages = Set(usages)
        var extensions = try Certificate.Extensions {
            Critical(
                KeyUsage(
                    digitalSignature: usages.contains("digital signature") || usages.contains("signing"),
                    keyEncipherment: usages.contains("key encipherment"), keyAgreement: usages.contains("key agreement")))
            Critical(BasicConstraints.notCertificateAuthority)
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: authority.publicKey).keyIdentifier)
        }
        var extended: [ExtendedKeyUsage.Usage] = []
        if usages.contains("server auth") { extended.append(.serverAuth) }
        if usages.contains("client auth") { extended.append(.clientAuth) }
        if !extended.isEmpty { try extensions.append(.init(try ExtendedKeyUsage(extended), critical: false)) }
        if let names = try requested.request.attributes.extensionRequest?.extensions.subjectAlternativeNames {
            try extensions.append(.init(names, critical: false))
        }
        return extensions
    }

    /// When a certificate ends.
    static func end(ofPEM pem: String) throws -> Timestamp {
        Timestamp(seconds: Int64(try Certificate(pemEncoded: pem).notValidAfter.timeIntervalSince1970), nanoseconds: 0)
    }
}
