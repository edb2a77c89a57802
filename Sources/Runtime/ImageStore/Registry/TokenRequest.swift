import APIMachinery
internal import HTTPClient

/// What is asked of an authorization server (distribution project, "Token Authentication Specification" and "OAuth2 Token Authentication").
struct TokenRequest: Sendable {
    var url: HTTPURL
    var method = "GET"
    var headers: HTTPHeaders = [:]
    var body: [UInt8] = []

    /// - Parameters:
    ///   - challenge: Of scheme `bearer`.
    ///   - scopes: What is to be done: `repository:library/busybox:pull`.
    /// - Throws: `.denied` for a challenge that leads nowhere, or would show the credential to the world.
    init(
        _ challenge: AuthChallenge, scopes: [String], _ credential: RegistryCredential?, isPlainAllowed: Bool
    ) throws(ImageError) {
        let realm = challenge.parameters["realm"] ?? ""
        guard var url = HTTPURL(realm) else { throw .denied("the registry sends to \(quoted(realm)) for a token, which is no URL") }
        guard credential == nil || url.isSecure || isPlainAllowed || url.host.isLoopback else {
            throw .denied("the registry sends to \(quoted(realm)) for a token, where a password would travel in plain text")
        }
        var fields: [(String, String)] = []
        if let service = challenge.parameters["service"] { fields.append(("service", service)) }
        if case .identityToken(let token) = credential?.kind {
            fields += [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "swiftlet")]
            fields.append(("scope", scopes.joined(separator: " ")))
            method = "POST"
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = Array(Self.form(fields).utf8)
        } else {
            for scope in scopes { fields.append(("scope", scope)) }
            if case .password(let user, let password) = credential?.kind {
                fields.append(("account", user))
                headers["Authorization"] = Self.basic(user: user, password)
            }
            url.target += (url.target.contains("?") ? "&" : "?") + Self.form(fields)
        }
        self.url = url
    }

    static func basic(user: String, _ password: String) -> String { "Basic \(Base64Data(Array("\(user):\(password)".utf8)).base64)" }

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\(PercentEncoding.encoded($0.0))=\(PercentEncoding.encoded($0.1))" }.joined(separator: "&")
    }
}

/// What an authorization server gives out.
struct TokenAnswer: Hashable, Sendable {
    var token: String
    var lifetime: Duration

    init(parsing bytes: [UInt8]) throws(ImageError) {
        let document = try MetadataField(parsing: bytes, name: "token answer")
        var token = try document.string("token") ?? ""
        if token.isEmpty { token = try document.string("access_token") ?? "" }
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .denied("the token answer has no token") }
        self.token = token
        // A minute when nothing is said; a longer life than a day is not relied on.
        lifetime = .seconds(min(max(1, document.value["expires_in"]?.integerValue ?? 60), 86_400))
    }
}
