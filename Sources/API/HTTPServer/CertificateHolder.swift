internal import X509

/// Whom a client certificate names: CN is the user, every O a group. Whether it is to be believed was decided in the handshake.
package struct CertificateHolder: Sendable, Hashable {
    /// Empty without a common name.
    package var name = ""
    package var groups: [String] = []
    /// Seconds since the epoch.
    package var validUntil: Int64

    /// - Returns: nil when the certificate cannot be read.
    package init?(der bytes: [UInt8]) {
        guard let certificate = try? Certificate(derEncoded: bytes) else { return nil }
        validUntil = Int64(certificate.notValidAfter.timeIntervalSince1970)
        for attribute in certificate.subject.joined() {
            guard let text = String(attribute.value) else { continue }
            switch attribute.type {
            case .RDNAttributeType.commonName: name = text
            case .RDNAttributeType.organizationName: groups.append(text)
            default: break
            }
        }
    }
}
