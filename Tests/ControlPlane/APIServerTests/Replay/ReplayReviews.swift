import APIMachinery
import APIServer
import Storage
import Synchronization

/// Reviews and tokens for the replay: who asks is an administrator, tokens are names of their claims.
enum ReplayReviews {
    static func service(_ storage: MemoryStorage) async throws -> ReviewService {
        let tokens = NamedTokens()
        return ReviewService(
            authorizer: AllowAll(), rbac: try await RBACAuthorizer(storage: storage), tokens: tokens, issuer: tokens, storage: storage)
    }
}

/// Tokens without signatures: what they say is kept here.
private final class NamedTokens: TokenIssuer, TokenAuthenticator {
    let issuer = "https://kubernetes.default.svc.cluster.local"
    private let issued = Mutex<[String: ServiceAccountClaims]>([:])

    func issue(_ claims: ServiceAccountClaims) async throws(TokenError) -> String {
        let token = "a.\(claims.id).c"
        issued.withLock { $0[token] = claims }
        return token
    }

    func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? {
        guard let claims = issued.withLock({ $0[token] }) else { throw TokenError("invalid bearer token") }
        let wanted = audiences.isEmpty ? [issuer] : audiences
        let common = wanted.filter { claims.audiences.contains($0) }
        guard !common.isEmpty else {
            let list = { (names: [String]) in "[\(names.map { "\"\($0)\"" }.joined(separator: " "))]" }
            throw TokenError(
                "[invalid bearer token, token audiences \(list(claims.audiences)) is invalid for the target audiences \(list(wanted))]")
        }
        let account = "\(claims.namespace):\(claims.serviceAccount.name)"
        return AuthenticatedToken(
            user: UserInfo(
                name: "system:serviceaccount:\(account)", uid: claims.serviceAccount.uid,
                groups: ["system:serviceaccounts", "system:serviceaccounts:\(claims.namespace)", "system:authenticated"],
                extra: ["authentication.kubernetes.io/credential-id": ["JTI=\(claims.id)"]]),
            audiences: common)
    }
}
