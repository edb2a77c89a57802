internal import APIMachinery
internal import APIServer
internal import HTTPServer

/// Finds out who sends a request: by client certificate, else by bearer token, else nobody in particular.
struct RequestAuthenticator: Sendable {
    let certificates = ClientCertificates()
    let tokens: any TokenAuthenticator
    /// Whether those without credentials are let through to authorization.
    var allowsAnonymous = true
    var now: @Sendable () -> Timestamp = { .now() }

    static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
    static let unauthorized = Status(code: 401, reason: .unauthorized, message: "Unauthorized")

    /// - Throws: 401 for credentials that are not valid, and for none where those are needed.
    func authenticate(_ request: APIRequest, from peer: Peer) async throws(Status) -> UserInfo {
        let holder = peer.certificate.map { certificates.holder(of: $0, at: now()) } ?? .nobody
        if case .user(let user) = holder { return user.authenticated }
        guard let token = Self.bearerToken(request) else {
            if allowsAnonymous, holder == .nobody { return Self.anonymous }
            throw Self.unauthorized
        }
        do throws(TokenError) {
            if let found = try await tokens.authenticate(token: token, audiences: []) { return found.user.authenticated }
        } catch {
            throw Self.unauthorized
        }
        throw Self.unauthorized
    }

    /// `Authorization: Bearer TOKEN`; of a WebSocket, since browsers set no other field, the protocol `base64url.bearer.authorization.k8s.io.TOKEN`.
    private static func bearerToken(_ request: APIRequest) -> String? {
        if let value = request.headers["Authorization"] {
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].isEmpty { return String(parts[1]) }
        }
        let prefix = "base64url.bearer.authorization.k8s.io."
        for value in request.headers.all("Sec-WebSocket-Protocol") {
            for item in value.split(whereSeparator: { $0 == "," || $0 == " " }) where item.hasPrefix(prefix) {
                return Base64URL.decode(item.dropFirst(prefix.count)).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        return nil
    }
}

extension UserInfo {
    /// With the group of everybody who is known.
    var authenticated: UserInfo {
        if groups.contains("system:authenticated") { return self }
        var user = self
        user.groups.append("system:authenticated")
        return user
    }
}
