internal import Crypto
internal import X509

/// By what a node knows a cluster's authority before it has spoken with it: `sha256:` and the hash of its public key (SubjectPublicKeyInfo in
/// DER), in hexadecimal digits. kubeadm has the same.
package enum AuthorityHash {
    /// - Parameter pem: One certificate.
    /// - Throws: When it can't be read.
    package static func of(pem: String) throws -> String {
        let key = try Certificate(pemEncoded: pem).publicKey.serializeAsPEM().derBytes
        let digest = SHA256.hash(data: key)
        return "sha256:" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func isOne(_ text: String) -> Bool {
        guard text.hasPrefix("sha256:") else { return false }
        let digits = text.dropFirst("sha256:".count)
        return digits.utf8.count == 64 && digits.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
