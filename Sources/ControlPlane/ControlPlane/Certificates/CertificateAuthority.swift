internal import APIMachinery
internal import Crypto
internal import FoundationEssentials
internal import X509

/// A certificate and its private key, in PEM.
struct KeyPair: Hashable, Sendable {
    var certificate: String
    var privateKey: String
}

/// What a certificate is issued for.
struct CertificateProfile: Hashable, Sendable {
    enum Usage: Hashable, Sendable {
        case client
        case server(names: [String], addresses: [IPAddress])
    }
    /// The user.
    var commonName: String
    /// The user's groups.
    var organizations: [String] = []
    var usage: Usage
    var lifetime: Duration = .seconds(365 * 24 * 3600)
}

/// An authority that signs certificates: ECDSA on P-256, which is quick to make and small on the wire.
struct CertificateAuthority {
    static let lifetime = Duration.seconds(10 * 365 * 24 * 3600)
    /// Clocks of clients may be behind.
    private static let leeway: TimeInterval = 3600

    let certificate: Certificate
    private let key: P256.Signing.PrivateKey

    /// A new one that vouches for itself.
    init(commonName: String, now: Timestamp) throws {
        key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(key.publicKey)
        let name = try Self.name(commonName, [])
        certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey, notValidBefore: now.date - Self.leeway,
            notValidAfter: now.date + Self.lifetime.interval, issuer: name, subject: name,
            extensions: try .init {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyEncipherment: true, keyCertSign: true))
                SubjectKeyIdentifier(hash: publicKey)
                SubjectAlternativeNames([.dnsName(commonName)])
            }, issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// - Throws: When the texts are damaged or do not belong together.
    init(_ pair: KeyPair) throws {
        certificate = try Certificate(pemEncoded: pair.certificate)
        key = try P256.Signing.PrivateKey(pemRepresentation: pair.privateKey)
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else { throw Mismatch() }
    }

    struct Mismatch: Error, CustomStringConvertible { var description: String { "certificate and private key do not belong together" } }

    var pair: KeyPair {
        get throws { KeyPair(certificate: try certificate.serializeAsPEM().pemString + "\n", privateKey: key.pemRepresentation + "\n") }
    }

    func issue(_ profile: CertificateProfile, now: Timestamp) throws -> KeyPair {
        let own = P256.Signing.PrivateKey()
        let issued = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(own.publicKey), notValidBefore: now.date - Self.leeway,
            notValidAfter: now.date + profile.lifetime.interval, issuer: certificate.subject,
            subject: try Self.name(profile.commonName, profile.organizations), extensions: try extensions(for: profile.usage),
            issuerPrivateKey: .init(key))
        return KeyPair(certificate: try issued.serializeAsPEM().pemString + "\n", privateKey: own.pemRepresentation + "\n")
    }

    private func extensions(for usage: CertificateProfile.Usage) throws -> Certificate.Extensions {
        let keyIdentifier = SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier
        var extensions = try Certificate.Extensions {
            Critical(KeyUsage(digitalSignature: true, keyEncipherment: true))
            Critical(BasicConstraints.notCertificateAuthority)
            AuthorityKeyIdentifier(keyIdentifier: keyIdentifier)
        }
        switch usage {
        case .client: try extensions.append(.init(try ExtendedKeyUsage([.clientAuth]), critical: false))
        case .server(let names, let addresses):
            try extensions.append(.init(try ExtendedKeyUsage([.serverAuth]), critical: false))
            let general = names.map { GeneralName.dnsName($0) } + addresses.map { .ipAddress(.init(contentBytes: $0.bytes[...])) }
            try extensions.append(.init(SubjectAlternativeNames(general), critical: false))
        }
        return extensions
    }

    /// - Returns: Whether a key pair was issued by this authority for this profile, and is good for a third of its life still.
    func stillHolds(_ pair: KeyPair, for profile: CertificateProfile, now: Timestamp) -> Bool {
        guard let issued = try? Certificate(pemEncoded: pair.certificate),
            let own = try? P256.Signing.PrivateKey(pemRepresentation: pair.privateKey),
            let name = try? Self.name(profile.commonName, profile.organizations), let wanted = try? extensions(for: profile.usage)
        else { return false }
        return issued.publicKey == .init(own.publicKey) && issued.subject == name && issued.extensions == wanted
            && certificate.publicKey.isValidSignature(issued.signature, for: issued)
            && issued.notValidAfter > now.date + profile.lifetime.interval / 3 && issued.notValidBefore <= now.date
    }

    static func name(_ commonName: String, _ organizations: [String]) throws -> DistinguishedName {
        DistinguishedName(
            organizations.map { .init(.init(type: .RDNAttributeType.organizationName, utf8String: $0)) }
                + [.init(.init(type: .RDNAttributeType.commonName, utf8String: commonName))])
    }
}

extension Timestamp {
    /// Whole seconds, as certificates have them.
    var date: Date { Date(timeIntervalSince1970: TimeInterval(seconds)) }
}

extension Duration {
    fileprivate var interval: TimeInterval { TimeInterval(components.seconds) }
}
