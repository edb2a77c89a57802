internal import APIMachinery
internal import Crypto
package import HTTPServer
internal import X509

/// What a node agent that is a process of its own shows to those who ask it for logs.
package enum NodeServingCertificate {
    /// A certificate that no authority of the cluster vouches for, as the kubelet makes one.
    ///
    /// - Parameters:
    ///   - addresses: Of the node.
    ///   - clientAuthorities: PEM: whose certificates clients may show.
    package static func selfSigned(nodeName: String, addresses: [String], clientAuthorities: String?) throws -> TLSIdentity {
        let now = Timestamp.now()
        let authority = try CertificateAuthority(commonName: "\(nodeName)-ca@\(now.seconds)", now: now)
        let pair = try authority.issue(
            .init(
                commonName: "\(nodeName)@\(now.seconds)",
                usage: .server(names: [nodeName], addresses: addresses.compactMap { IPAddress($0) })),
            now: now)
        return TLSIdentity(
            certificateChain: pair.certificate + (try authority.pair.certificate), privateKey: pair.privateKey,
            clientAuthorities: clientAuthorities)
    }

    /// What is sent to the signer kubernetes.io/kubelet-serving, with the key that stays here.
    package struct Request: Sendable {
        /// PEM, PKCS #10.
        package let request: String
        package let privateKey: String

        package init(nodeName: String, addresses: [String]) throws {
            let key = P256.Signing.PrivateKey()
            let names = [GeneralName.dnsName(nodeName)]
            let general = names + addresses.compactMap { IPAddress($0) }.map { .ipAddress(.init(contentBytes: $0.bytes[...])) }
            let extensions = try Certificate.Extensions { SubjectAlternativeNames(general) }
            let subject = try CertificateAuthority.name("system:node:\(nodeName)", ["system:nodes"])
            let csr = try CertificateSigningRequest(
                version: .v1, subject: subject, privateKey: .init(key),
                attributes: .init([.init(ExtensionRequest(extensions: extensions))]), signatureAlgorithm: .ecdsaWithSHA256)
            request = try csr.serializeAsPEM().pemString + "\n"
            privateKey = key.pemRepresentation + "\n"
        }

        /// With the certificate that came back.
        package func identity(_ certificate: String, clientAuthorities: String?) -> TLSIdentity {
            TLSIdentity(certificateChain: certificate, privateKey: privateKey, clientAuthorities: clientAuthorities)
        }
    }

    /// - Returns: How long from now on until four fifths of a certificate's time have passed; nil for what is no certificate.
    package static func timeUntilRenewal(_ certificate: String) -> Duration? {
        guard let parsed = try? Certificate(pemEncoded: certificate) else { return nil }
        let begin = parsed.notValidBefore.timeIntervalSince1970
        let end = parsed.notValidAfter.timeIntervalSince1970
        let renewal = begin + (end - begin) * 0.8
        return .seconds(max(0, Int64(renewal) - Timestamp.now().seconds))
    }
}
