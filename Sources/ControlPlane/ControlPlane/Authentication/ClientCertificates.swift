internal import APIMachinery
internal import APIServer
internal import Crypto
internal import HTTPServer
import Synchronization

/// Reads users out of client certificates: CN is the name, every O a group.
///
/// Whether a certificate is to be believed has been decided in the handshake, but a connection may outlive it: its end is looked at with each request.
/// A connection's certificate is read once, however many requests come over it.
final class ClientCertificates: Sendable {
    private static let cacheCountMax = 4096
    private let cache = Mutex<[[UInt8]: Reading]>([:])

    enum Holder: Hashable {
        case user(UserInfo)
        /// The certificate has no common name.
        case nobody
        /// Its time is over, or it cannot be read.
        case invalid
    }
    private struct Reading {
        /// nil for a certificate without a common name.
        var user: UserInfo?
        var validUntil: Timestamp
    }

    /// - Parameter certificate: DER.
    func holder(of certificate: [UInt8], at now: Timestamp) -> Holder {
        let reading = reading(of: certificate)
        if now > reading.validUntil { return .invalid }
        return reading.user.map { .user($0) } ?? .nobody
    }

    private func reading(of certificate: [UInt8]) -> Reading {
        if let known = cache.withLock({ $0[certificate] }) { return known }
        let reading = Self.read(certificate)
        cache.withLock {
            if $0.count >= Self.cacheCountMax { $0.removeAll() }
            $0[certificate] = reading
        }
        return reading
    }

    private static func read(_ bytes: [UInt8]) -> Reading {
        guard let holder = CertificateHolder(der: bytes) else { return Reading(validUntil: Timestamp(seconds: 0)) }
        return Reading(user: user(holder, bytes), validUntil: Timestamp(seconds: holder.validUntil))
    }

    private static func user(_ holder: CertificateHolder, _ bytes: [UInt8]) -> UserInfo? {
        guard !holder.name.isEmpty else { return nil }
        let digest = SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return UserInfo(
            name: holder.name, groups: holder.groups, extra: ["authentication.kubernetes.io/credential-id": ["X509SHA256=\(digest)"]])
    }
}
