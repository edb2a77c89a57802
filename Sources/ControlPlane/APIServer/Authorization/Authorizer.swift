/// Decides whether somebody may do something.
///
/// Answers from memory, without waiting: it is asked once or more for every request.
package protocol Authorizer: Sendable {
    func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision
}

/// What an authorizer thinks. Only `allowed` lets a request pass; `noOpinion` leaves it to the next authorizer.
package enum AuthorizationDecision: Hashable, Sendable {
    case allowed(reason: String)
    case denied(reason: String)
    case noOpinion(reason: String)

    package var isAllowed: Bool { if case .allowed = self { true } else { false } }

    package var reason: String {
        switch self {
        case .allowed(let reason), .denied(let reason), .noOpinion(let reason): reason
        }
    }
}

/// Asks one authorizer after the other until one has an opinion.
package struct AuthorizerChain: Authorizer {
    package let authorizers: [any Authorizer]

    package init(_ authorizers: [any Authorizer]) { self.authorizers = authorizers }

    package func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision {
        var reasons: [String] = []
        for authorizer in authorizers {
            let decision = authorizer.authorize(attributes)
            guard case .noOpinion(let reason) = decision else { return decision }
            if !reason.isEmpty { reasons.append(reason) }
        }
        return .noOpinion(reason: reasons.joined(separator: ", "))
    }
}

/// Members of `system:masters` may do everything; nothing can take that from them.
package struct MastersAuthorizer: Authorizer {
    package init() {}

    package func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision {
        attributes.user.groups.contains("system:masters") ? .allowed(reason: "") : .noOpinion(reason: "")
    }
}
