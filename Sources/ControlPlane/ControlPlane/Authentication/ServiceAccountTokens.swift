internal import APIMachinery
internal import APIServer
internal import Crypto
internal import Storage
import Synchronization

/// Issues and verifies the tokens of service accounts: JSON Web Tokens signed with ES256 (RFC 7519, RFC 7515).
///
/// A token holds only while its service account, and the object that it is bound to, exist with the same identity.
final class ServiceAccountTokens: TokenAuthenticator, TokenIssuer {
    /// What has been deleted is still believed so long: a pod shuts down with its token.
    private static let deletionLeeway = Duration.seconds(60)
    /// How long an answer stands without another look at the store.
    private static let cacheLifetime = Duration.seconds(10)
    private static let cacheCountMax = 4096

    let issuer: String
    private let key: P256.Signing.PrivateKey
    private let keyID: String
    private let storage: any StorageBackend
    private let now: @Sendable () -> Timestamp
    private let cache = Mutex<[String: (user: UserInfo, audiences: [String], until: Timestamp)]>([:])

    /// - Parameter key: PEM.
    init(
        issuer: String, key: String, storage: any StorageBackend, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws {
        self.issuer = issuer
        self.key = try P256.Signing.PrivateKey(pemRepresentation: key)
        keyID = Base64URL.encode(Array(SHA256.hash(data: self.key.publicKey.derRepresentation)))
        self.storage = storage
        self.now = now
    }

    // MARK: issuing

    func issue(_ claims: ServiceAccountClaims) async throws(TokenError) -> String {
        let header: JSONValue = ["alg": "ES256", "kid": .string(keyID)]
        let signed = Base64URL.encode(header.serialized()) + "." + Base64URL.encode(claims.json(issuer: issuer).serialized())
        do {
            let signature = try key.signature(for: Array(signed.utf8))
            return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
        } catch {
            throw TokenError("sign the token: \(error)")
        }
    }

    /// What `/openid/v1/jwks` answers (RFC 7517).
    var keySet: JSONValue {
        let point = Array(key.publicKey.x963Representation)
        return [
            "keys": [
                [
                    "use": "sig", "kty": "EC", "kid": .string(keyID), "crv": "P-256", "alg": "ES256",
                    "x": .string(Base64URL.encode(Array(point[1..<33]))), "y": .string(Base64URL.encode(Array(point[33..<65]))),
                ]
            ]
        ]
    }

    // MARK: verifying

    func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? {
        let wanted = audiences.isEmpty ? [issuer] : audiences
        let time = now()
        if let known = cache.withLock({ $0[token] }), known.until > time {
            return try Self.answer(known.user, known.audiences, wanted)
        }
        guard let claims = try verifiedClaims(token, time) else { return nil }
        try await confirmExistence(claims, time)
        let user = claims.user
        let until = min(time + Self.cacheLifetime, claims.expiresAt)
        cache.withLock {
            if $0.count >= Self.cacheCountMax { $0.removeAll() }
            $0[token] = (user, claims.audiences, until)
        }
        return try Self.answer(user, claims.audiences, wanted)
    }

    private static func answer(_ user: UserInfo, _ audiences: [String], _ wanted: [String]) throws(TokenError) -> AuthenticatedToken {
        let shared = wanted.filter { audiences.contains($0) }
        guard !shared.isEmpty else {
            throw TokenError("token audiences \(audiences.quotedForMessage) is invalid for the target audiences \(wanted.quotedForMessage)")
        }
        return AuthenticatedToken(user: user, audiences: shared)
    }

    /// - Returns: nil for what is not one of this server's tokens.
    private func verifiedClaims(_ token: String, _ time: Timestamp) throws(TokenError) -> ServiceAccountClaims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, token.utf8.count <= 16 << 10, let header = Self.json(parts[0]), let payload = Self.json(parts[1]),
            payload["iss"]?.stringValue == issuer
        else { return nil }
        guard header["alg"]?.stringValue == "ES256", let bytes = Base64URL.decode(parts[2]),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: bytes),
            key.publicKey.isValidSignature(signature, for: Array("\(parts[0]).\(parts[1])".utf8))
        else { throw TokenError("invalid bearer token") }
        guard let claims = ServiceAccountClaims(payload), claims.subject == payload["sub"]?.stringValue else {
            throw TokenError("invalid bearer token, claims are missing")
        }
        guard time < claims.expiresAt else { throw TokenError("token has expired") }
        if let start = payload["nbf"]?.integerValue, time < Timestamp(seconds: start) { throw TokenError("token is not valid yet") }
        return claims
    }

    private static func json(_ part: Substring) -> JSONValue? {
        Base64URL.decode(part).flatMap { try? JSONValue(parsing: $0, options: .init(maxDepth: 16)) }
    }

    private func confirmExistence(_ claims: ServiceAccountClaims, _ time: Timestamp) async throws(TokenError) {
        let namespace = claims.namespace
        try await confirm("service account", "serviceaccounts/\(namespace)", claims.serviceAccount, time)
        if let pod = claims.pod { try await confirm("pod", "pods/\(namespace)", pod, time) }
        if let secret = claims.secret { try await confirm("secret", "secrets/\(namespace)", secret, time) }
        // The node of a pod's token is told, not bound.
        if claims.pod == nil, let node = claims.node { try await confirm("node", "nodes", node, time) }
    }

    private func confirm(
        _ what: String, _ place: String, _ reference: ServiceAccountClaims.Reference, _ time: Timestamp
    ) async throws(TokenError) {
        let stored: StoredObject?
        do throws(StorageError) {
            stored = try await storage.get("/registry/core/\(place)/\(reference.name)", at: nil)
        } catch {
            throw TokenError("look up \(what) \(reference.name): \(error)")
        }
        guard let stored, let object = try? JSONValue(parsing: stored.value) else {
            throw TokenError("\(what) \(reference.name) has been deleted")
        }
        guard object["metadata"]?["uid"]?.stringValue == reference.uid else {
            throw TokenError("\(what) UID (\(object["metadata"]?["uid"]?.stringValue ?? "")) does not match claim (\(reference.uid))")
        }
        if let deleted = object["metadata"]?["deletionTimestamp"]?.stringValue.flatMap({ Timestamp($0) }),
            time > deleted + Self.deletionLeeway
        {
            throw TokenError("\(what) \(reference.name) has been deleted")
        }
    }
}

extension [String] {
    /// As Go prints them with %q.
    fileprivate var quotedForMessage: String { "[\(map(\.quoted).joined(separator: " "))]" }
}
