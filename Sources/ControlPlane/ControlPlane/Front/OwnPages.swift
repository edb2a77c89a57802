internal import APIMachinery
internal import APIServer

/// The pages that are the composition's, not the API's: metrics, and what others need to verify tokens (OpenID Connect discovery).
struct OwnPages: Sendable {
    let tokens: ServiceAccountTokens
    let metrics: @Sendable () async -> String

    /// What answers a path; nil when the path is not one of these.
    func page(_ path: String) -> (@Sendable () async -> APIResponse)? {
        switch path {
        case "/metrics": { await text(metrics()) }
        case "/.well-known/openid-configuration": { json(configuration, type: "application/json") }
        case "/openid/v1/jwks": { json(tokens.keySet, type: "application/jwk-set+json") }
        default: nil
        }
    }

    private var configuration: JSONValue {
        [
            "issuer": .string(tokens.issuer), "jwks_uri": .string(tokens.issuer + "/openid/v1/jwks"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
        ]
    }

    private func json(_ value: JSONValue, type: String) -> APIResponse {
        APIResponse(
            status: 200, headers: ["Content-Type": type, "Cache-Control": "public, max-age=3600"], body: .bytes(value.serialized()))
    }

    private func text(_ text: String) -> APIResponse {
        APIResponse(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }
}
