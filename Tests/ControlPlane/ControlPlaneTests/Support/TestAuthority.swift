import APIMachinery
@testable import ControlPlane

/// Certificates for servers of a test, written where Python finds them.
struct TestAuthority {
    let authority: CertificateAuthority

    init() throws { authority = try CertificateAuthority(commonName: "test", now: .now()) }

    /// The authority of a running cluster.
    init(of cluster: LiveCluster) throws {
        let folder = "\(cluster.folder)/pki"
        authority = try CertificateAuthority(
            KeyPair(certificate: try SecretFile.read("\(folder)/ca.crt") ?? "", privateKey: try SecretFile.read("\(folder)/ca.key") ?? ""))
    }

    var certificate: String { get throws { try authority.pair.certificate } }

    /// Writes `FOLDER/NAME.pem`: certificate and key.
    func issue(_ name: String, names: [String], addresses: [IPAddress] = [IPAddress(bytes: [127, 0, 0, 1])], in folder: String) throws {
        let pair = try authority.issue(
            CertificateProfile(commonName: name, usage: .server(names: names, addresses: addresses)), now: .now())
        try SecretFile.write(pair.certificate + pair.privateKey, to: "\(folder)/\(name).pem")
    }
}
