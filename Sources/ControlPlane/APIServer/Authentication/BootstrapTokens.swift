package import APIMachinery
package import Storage

/// Tokens `ID.SECRET` with which new nodes join: secrets `bootstrap-token-ID` of kube-system.
package struct BootstrapTokens: TokenAuthenticator {
    private let storage: any StorageBackend
    private let now: @Sendable () -> Timestamp

    package init(storage: any StorageBackend, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.storage = storage
        self.now = now
    }

    package func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? {
        guard let (id, secret) = Self.parts(of: token) else { return nil }
        guard let object = await read(id) else { return nil }
        let data = object["data"]
        func text(_ key: String) -> String {
            data?[key]?.stringValue.flatMap { Base64Data(base64: $0) }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        }
        guard object["metadata"]?["deletionTimestamp"] == nil, object["type"]?.stringValue == "bootstrap.kubernetes.io/token",
            isEqualInConstantTime(text("token-secret"), secret), text("token-id") == id,
            text("usage-bootstrap-authentication") == "true", isCurrent(text("expiration"))
        else { return nil }
        guard let groups = Self.groups(text("auth-extra-groups")) else { return nil }
        return AuthenticatedToken(user: UserInfo(name: "system:bootstrap:\(id)", groups: ["system:bootstrappers"] + groups))
    }

    private func read(_ id: String) async -> JSONValue? {
        let key = "/registry/core/secrets/kube-system/bootstrap-token-\(id)"
        // A store that fails knows no token; the request that follows will say what is wrong.
        return (try? await storage.get(key, at: nil)).flatMap { $0 }.flatMap { try? JSONValue(parsing: $0.value) }
    }

    private func isCurrent(_ expiration: String) -> Bool {
        if expiration.isEmpty { return true }
        guard let end = Timestamp(expiration) else { return false }
        return now() < end
    }

    /// Only groups of bootstrappers may be given: `system:bootstrappers:NAME`.
    private static func groups(_ list: String) -> [String]? {
        let groups = list.split(separator: ",").map(String.init)
        return groups.allSatisfy { $0.hasPrefix("system:bootstrappers:") && $0.utf8.count > "system:bootstrappers:".utf8.count }
            ? groups : nil
    }

    private static func parts(of token: String) -> (id: String, secret: String)? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 6, parts[1].utf8.count == 16 else { return nil }
        let isPlain = token.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2E }
        return isPlain ? (String(parts[0]), String(parts[1])) : nil
    }
}
