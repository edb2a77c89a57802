package import APIMachinery
package import Storage

/// Answers what clients ask of authentication and authorization: objects that exist only in their answers.
package struct ReviewService: VirtualResources {
    let authorizer: any Authorizer
    let rbac: RBACAuthorizer
    let tokens: any TokenAuthenticator
    let requests: TokenRequests
    let now: @Sendable () -> Timestamp

    package init(
        authorizer: any Authorizer, rbac: RBACAuthorizer, tokens: any TokenAuthenticator, issuer: any TokenIssuer,
        storage: any StorageBackend, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.authorizer = authorizer
        self.rbac = rbac
        self.tokens = tokens
        self.now = now
        requests = TokenRequests(storage: storage, issuer: issuer, now: now)
    }

    package func create(
        resource: String, subresource: String, namespace: String, name: String, object: JSONObject, caller: UserInfo
    ) async throws(Status) -> JSONObject {
        switch (resource, subresource) {
        case ("subjectaccessreviews", ""): return try review(object, kind: "SubjectAccessReview", in: nil)
        case ("localsubjectaccessreviews", ""): return try review(object, kind: "LocalSubjectAccessReview", in: namespace)
        case ("selfsubjectaccessreviews", ""): return try reviewSelf(object, caller)
        case ("selfsubjectrulesreviews", ""): return try reviewRules(object, caller)
        case ("selfsubjectreviews", ""): return reviewIdentity(object, caller)
        case ("tokenreviews", ""): return try await reviewToken(object)
        case ("serviceaccounts", "token"):
            return try await requests.create(object, namespace: namespace, serviceAccount: name)
        default:
            throw Status(code: 404, reason: .notFound, message: "the server could not find the requested resource", details: .init())
        }
    }
}

// MARK: who is it

extension ReviewService {
    /// SelfSubjectReview: `kubectl auth whoami`.
    private func reviewIdentity(_ object: JSONObject, _ caller: UserInfo) -> JSONObject {
        var answer = object
        var metadata = object["metadata"] ?? .object(JSONObject())
        metadata["creationTimestamp"] = .string(now().description)
        answer["metadata"] = metadata
        answer["status"] = ["userInfo": caller.json]
        return answer
    }

    private func reviewToken(_ object: JSONObject) async throws(Status) -> JSONObject {
        let token = object["spec"]?["token"]?.stringValue ?? ""
        guard !token.isEmpty else { throw .badRequest("token is required for TokenReview in authentication") }
        let audiences = object["spec"]?["audiences"].strings ?? []
        var status = JSONObject()
        do throws(TokenError) {
            if let found = try await tokens.authenticate(token: token, audiences: audiences) {
                status["authenticated"] = true
                status["user"] = found.user.json
                if !found.audiences.isEmpty { status["audiences"] = .array(found.audiences.map { .string($0) }) }
            } else {
                status["user"] = .object(JSONObject())
            }
        } catch {
            status["user"] = .object(JSONObject())
            status["error"] = .string(error.description)
        }
        var answer = object
        answer["status"] = .object(status)
        return answer
    }
}

extension UserInfo {
    /// authentication.k8s.io/v1 UserInfo.
    package var json: JSONValue {
        var object = JSONObject()
        if !name.isEmpty { object["username"] = .string(name) }
        if !uid.isEmpty { object["uid"] = .string(uid) }
        if !groups.isEmpty { object["groups"] = .array(groups.map { .string($0) }) }
        if !extra.isEmpty {
            object["extra"] = .object(
                JSONObject(
                    members: extra.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .array($0.value.map { .string($0) })) }))
        }
        return .object(object)
    }
}
