package import APIMachinery

/// Issues tokens of service accounts (TokenRequest).
package protocol TokenIssuer: Sendable {
    /// Who stands in `iss`, and the audience of a token that names none.
    var issuer: String { get }

    func issue(_ claims: ServiceAccountClaims) async throws(TokenError) -> String
}

/// What a token says of its service account, upstream's private claims included.
package struct ServiceAccountClaims: Hashable, Sendable {
    package struct Reference: Hashable, Sendable {
        package var name: String
        package var uid: String
        package init(name: String, uid: String) {
            self.name = name
            self.uid = uid
        }
    }

    package var namespace: String
    package var serviceAccount: Reference
    package var pod: Reference?
    package var secret: Reference?
    package var node: Reference?
    package var audiences: [String]
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    /// When the holder is warned that the token has been lengthened; nil for one that has not.
    package var warnAfter: Timestamp?
    /// `jti`
    package var id: String

    package init(
        namespace: String, serviceAccount: Reference, audiences: [String], issuedAt: Timestamp, expiresAt: Timestamp, id: String
    ) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.audiences = audiences
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.id = id
    }
}
