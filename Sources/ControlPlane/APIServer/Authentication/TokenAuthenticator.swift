/// Finds out whose bearer token it is.
package protocol TokenAuthenticator: Sendable {
    /// - Parameter audiences: Whom the token must be meant for; empty for the API server itself.
    /// - Returns: nil when the token is of another kind, so that another authenticator may know it.
    /// - Throws: When it is of this kind and not valid.
    func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken?
}

/// Whose token it is, and for which of the audiences that were asked for.
package struct AuthenticatedToken: Hashable, Sendable {
    package var user: UserInfo
    /// Empty when the token says nothing of audiences and none were asked for.
    package var audiences: [String]

    package init(user: UserInfo, audiences: [String] = []) {
        self.user = user
        self.audiences = audiences
    }
}

/// Why a token is refused: `token has expired`. Not shown to whoever sent it as a credential; a TokenReview tells.
package struct TokenError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Asks one authenticator after the other until one knows the token.
package struct TokenAuthenticatorUnion: TokenAuthenticator {
    package let authenticators: [any TokenAuthenticator]

    package init(_ authenticators: [any TokenAuthenticator]) { self.authenticators = authenticators }

    /// - Throws: The problems of all that knew the kind of token, when none accepted it.
    package func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? {
        var problems: [String] = []
        for authenticator in authenticators {
            do throws(TokenError) {
                if let found = try await authenticator.authenticate(token: token, audiences: audiences) { return found }
            } catch {
                problems.append(error.description)
            }
        }
        switch problems.count {
        case 0: return nil
        case 1: throw TokenError(problems[0])
        default: throw TokenError("[\(problems.joined(separator: ", "))]")
        }
    }
}
