internal import APIMachinery
internal import APIServer
internal import Crypto
import Synchronization
internal import X509

/// Reads users out of client certificates: CN is the name, every O a group.
///
/// Whether a certificate is to be believed has been decided in the handshake. A connection's certificate is read once, however many requests come over it.
final class ClientCertificates: Sendable {
    private static let cacheCountMax = 4096
    private let cache = Mutex<[[UInt8]: UserInfo?]>([:])

    /// - Parameter certificate: DER.
    /// - Returns: nil for a certificate without a common name.
    func user(of certificate: [UInt8]) -> UserInfo? {
        if let known = cache.withLock({ $0[certificate] }) { return known }
        let user = Self.read(certificate)
        cache.withLock {
            if $0.count >= Self.cacheCountMax { $0.removeAll() }
            $0[certificate] = .some(user)
        }
        return user
    }

    private static func read(_ bytes: [UInt8]) -> UserInfo? {
        guard let certificate = try? Certificate(derEncoded: bytes) else { return nil }
        var name = ""
        var groups: [String] = []
        for attribute in certificate.subject.joined() {
            guard let text = String(attribute.value) else { continue }
            switch attribute.type {
            case .RDNAttributeType.commonName: name = text
            case .RDNAttributeType.organizationName: groups.append(text)
            default: break
            }
        }
        guard !name.isEmpty else { return nil }
        let digest = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return UserInfo(
            name: name, groups: groups, extra: ["authentication.kubernetes.io/credential-id": ["X509SHA256=\(digest)"]])
    }
}
