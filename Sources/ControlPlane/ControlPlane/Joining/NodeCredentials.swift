internal import APIMachinery
internal import Crypto
package import HTTPServer
internal import X509

/// What a node that has joined by itself keeps below its data directory, readable for its owner alone: its kubeconfig, the certificate of its
/// own API, and what it was told of the cluster, so that it comes up again also while the server is away.
package struct NodeCredentials: Sendable {
    private let directory: String
    package var kubeconfigPath: String { "\(directory)/kubelet.kubeconfig" }

    /// Makes the directory.
    package init(directory: String) throws {
        try SecretFile.makeDirectory(directory)
        self.directory = directory
    }

    // MARK: the node as a client

    /// A request for signer kubernetes.io/kube-apiserver-client-kubelet, and the key that stays here.
    package struct ClientRequest: Sendable {
        /// PEM, PKCS #10.
        package let request: String
        fileprivate let privateKey: String

        package init(nodeName: String) throws {
            let key = P256.Signing.PrivateKey()
            let csr = try CertificateSigningRequest(
                version: .v1, subject: try CertificateAuthority.name("system:node:\(nodeName)", ["system:nodes"]),
                privateKey: .init(key), attributes: .init(), signatureAlgorithm: .ecdsaWithSHA256)
            request = try csr.serializeAsPEM().pemString + "\n"
            privateKey = key.pemRepresentation + "\n"
        }
    }

    /// Writes the kubeconfig with a certificate that came back.
    package func writeKubeconfig(
        server: String, authority: String, nodeName: String, _ request: ClientRequest, certificate: String
    ) throws {
        try Kubeconfig(
            server: server, authority: authority, userName: "system:node:\(nodeName)",
            credentials: KeyPair(certificate: certificate, privateKey: request.privateKey)
        ).write(to: kubeconfigPath)
    }

    /// Whether a certificate in PEM holds now.
    package static func holds(_ certificate: [UInt8]) -> Bool {
        guard let parsed = try? Certificate(pemEncoded: String(decoding: certificate, as: UTF8.self)) else { return false }
        let now = Timestamp.now().date
        return parsed.notValidBefore <= now && now < parsed.notValidAfter
    }

    // MARK: the node's own API

    private var servingPath: String { "\(directory)/kubelet-serving.pem" }

    /// The certificate and key of the node's API, when it was issued for this name and these addresses and holds now.
    ///
    /// - Returns: With the certificate in PEM, by which its renewal is told.
    package func serving(nodeName: String, addresses: [String], clientAuthorities: String) -> (identity: TLSIdentity, certificate: String)?
    {
        guard let text = (try? SecretFile.read(servingPath)) ?? nil, let cut = text.position(of: Self.keyBegin) else { return nil }
        let (certificate, key) = (String(text[..<cut]), String(text[cut...]))
        guard Self.holds(Array(certificate.utf8)), let parsed = try? Certificate(pemEncoded: certificate),
            let names = try? parsed.extensions.subjectAlternativeNames,
            let own = try? P256.Signing.PrivateKey(pemRepresentation: key), parsed.publicKey == .init(own.publicKey)
        else { return nil }
        let wanted =
            [GeneralName.dnsName(nodeName)]
            + addresses.compactMap { IPAddress($0) }.map { .ipAddress(.init(contentBytes: $0.bytes[...])) }
        guard Set(names.map { "\($0)" }) == Set(wanted.map { "\($0)" }) else { return nil }
        return (TLSIdentity(certificateChain: certificate, privateKey: key, clientAuthorities: clientAuthorities), certificate)
    }

    package func keepServing(_ certificate: String, privateKey: String) throws {
        try SecretFile.write(certificate + privateKey, to: servingPath)
    }

    private static let keyBegin = "-----BEGIN PRIVATE KEY-----"

    // MARK: what was told of the cluster

    /// Of the cluster's network, and the node's part of it.
    package struct Membership: Hashable, Sendable {
        package var facts: ClusterNetworkFacts
        package var podCIDRs: [String]
        package init(facts: ClusterNetworkFacts, podCIDRs: [String]) { (self.facts, self.podCIDRs) = (facts, podCIDRs) }
    }

    private var membershipPath: String { "\(directory)/cluster.json" }

    /// nil when there is none, or none that can be read.
    package var membership: Membership? {
        guard let text = (try? SecretFile.read(membershipPath)) ?? nil, let json = try? JSONValue(parsing: text),
            let members = json["network"]?.objectValue?.members, let ranges = json["podCIDRs"]?.arrayValue
        else { return nil }
        let data = Dictionary(members.map { ($0.key, $0.value.stringValue ?? "") }) { first, _ in first }
        return ClusterNetworkFacts(data).map { Membership(facts: $0, podCIDRs: ranges.compactMap(\.stringValue)) }
    }

    package func keep(_ membership: Membership) throws {
        let data = membership.facts.data.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) }
        let json: JSONValue = [
            "network": .object(JSONObject(members: data)), "podCIDRs": .array(membership.podCIDRs.map { .string($0) }),
        ]
        try SecretFile.write(json.serializedText(.pretty) + "\n", to: membershipPath)
    }
}

extension String {
    /// Where a part begins.
    fileprivate func position(of part: String) -> String.Index? { indices.first { self[$0...].hasPrefix(part) } }
}
