internal import APIMachinery
internal import Crypto
internal import HTTPServer

/// Everything secret that a control plane needs, kept in `DATA/pki`, made and renewed as needed.
struct Credentials: Sendable {
    /// What the server is called and where it is reached, besides the names that every API server has.
    struct Names: Hashable, Sendable {
        var hostNames: [String]
        var addresses: [IPAddress]
    }

    private(set) var authority: KeyPair
    private(set) var frontProxyAuthority: KeyPair
    private(set) var serving: KeyPair
    private(set) var admin: KeyPair
    private(set) var frontProxyClient: KeyPair
    /// Shown to node agents.
    private(set) var kubeletClient: KeyPair
    /// Signs service accounts' tokens; PEM.
    private(set) var serviceAccountKey: String

    var identity: TLSIdentity {
        TLSIdentity(
            certificateChain: serving.certificate, privateKey: serving.privateKey, clientAuthorities: authority.certificate)
    }

    /// Reads what is there, and makes what is missing, damaged, used up by two thirds, or for other names. A damaged file is set aside.
    ///
    /// An authority that is lost takes with it what it has issued: those who hold its certificates need new ones.
    init(directory: String, names: Names, now: Timestamp) throws {
        try SecretFile.makeDirectory(directory)
        let folder = CredentialFolder(directory: directory, now: now)
        let main = try folder.authority("ca", commonName: "kubernetes")
        let frontProxy = try folder.authority("front-proxy-ca", commonName: "front-proxy-ca")
        authority = try main.pair
        frontProxyAuthority = try frontProxy.pair
        serving = try folder.pair("apiserver", by: main, Self.serving(names))
        admin = try folder.pair(
            "admin", by: main, .init(commonName: "kubernetes-admin", organizations: ["system:masters"], usage: .client))
        frontProxyClient = try folder.pair("front-proxy-client", by: frontProxy, .init(commonName: "front-proxy-client", usage: .client))
        kubeletClient = try folder.pair(
            "apiserver-kubelet-client", by: main,
            .init(commonName: "kube-apiserver-kubelet-client", organizations: ["system:masters"], usage: .client))
        serviceAccountKey = try folder.signingKey("sa")
    }

    private static func serving(_ names: Names) -> CertificateProfile {
        let service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"]
        var all = service
        for name in names.hostNames where !all.contains(name) && NameValidation.dns1123Subdomain(name).isEmpty { all.append(name) }
        var addresses: [IPAddress] = [IPAddress(bytes: [127, 0, 0, 1]), IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1])]
        for address in names.addresses where !addresses.contains(address) { addresses.append(address) }
        return CertificateProfile(commonName: "kube-apiserver", usage: .server(names: all, addresses: addresses))
    }
}

/// A folder of `NAME.crt` and `NAME.key`.
private struct CredentialFolder {
    let directory: String
    let now: Timestamp

    func authority(_ file: String, commonName: String) throws -> CertificateAuthority {
        if let pair = try read(file) {
            do {
                let authority = try CertificateAuthority(pair)
                if authority.certificate.notValidAfter > now.date { return authority }
            } catch {
                setAside(file)
            }
        }
        let new = try CertificateAuthority(commonName: commonName, now: now)
        try write(try new.pair, file)
        return new
    }

    func pair(_ file: String, by authority: CertificateAuthority, _ profile: CertificateProfile) throws -> KeyPair {
        if let pair = try read(file), authority.stillHolds(pair, for: profile, now: now) { return pair }
        let new = try authority.issue(profile, now: now)
        try write(new, file)
        return new
    }

    func signingKey(_ file: String) throws -> String {
        if let text = try SecretFile.read("\(directory)/\(file).key") {
            if (try? P256.Signing.PrivateKey(pemRepresentation: text)) != nil { return text }
            SecretFile.setAside("\(directory)/\(file).key")
        }
        let key = P256.Signing.PrivateKey()
        let text = key.pemRepresentation + "\n"
        try SecretFile.write(key.publicKey.pemRepresentation + "\n", to: "\(directory)/\(file).pub")
        try SecretFile.write(text, to: "\(directory)/\(file).key")
        return text
    }

    private func read(_ file: String) throws -> KeyPair? {
        guard let certificate = try SecretFile.read("\(directory)/\(file).crt"), let key = try SecretFile.read("\(directory)/\(file).key")
        else { return nil }
        return KeyPair(certificate: certificate, privateKey: key)
    }

    /// Torn between the two, they do not belong together, which is seen at the next start and mended.
    private func write(_ pair: KeyPair, _ file: String) throws {
        try SecretFile.write(pair.privateKey, to: "\(directory)/\(file).key")
        try SecretFile.write(pair.certificate, to: "\(directory)/\(file).crt")
    }

    private func setAside(_ file: String) {
        SecretFile.setAside("\(directory)/\(file).crt")
        SecretFile.setAside("\(directory)/\(file).key")
    }
}
