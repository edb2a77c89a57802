/// How a caller proves to a registry who it is. Its description never shows it.
package struct RegistryCredential: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    enum Kind: Hashable, Sendable {
        case password(user: String, password: String)
        /// A refresh token that an authorization server gave out (OAuth 2, `identitytoken` in docker's files).
        case identityToken(String)
        /// Sent to the registry as it is.
        case bearerToken(String)
    }

    let kind: Kind

    package static func password(user: String, _ password: String) -> RegistryCredential {
        RegistryCredential(kind: .password(user: user, password: password))
    }
    package static func identityToken(_ token: String) -> RegistryCredential { RegistryCredential(kind: .identityToken(token)) }
    package static func bearerToken(_ token: String) -> RegistryCredential { RegistryCredential(kind: .bearerToken(token)) }

    package var description: String { "<credential>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
