internal import APIMachinery
internal import Storage

/// Issues tokens for service accounts (TokenRequest, `kubectl create token`).
struct TokenRequests: Sendable {
    /// What kubelets ask for, for pods' projected tokens; such a token is made to last a year, with a warning after the asked time.
    private static let extendedRequestSeconds: Int64 = 3607
    private static let yearSeconds: Int64 = 365 * 24 * 3600

    let storage: any StorageBackend
    let issuer: any TokenIssuer
    let now: @Sendable () -> Timestamp

    func create(_ object: JSONObject, namespace: String, serviceAccount name: String) async throws(Status) -> JSONObject {
        let spec = object["spec"] ?? .object(JSONObject())
        let seconds = spec["expirationSeconds"]?.integerValue ?? 3600
        try Self.check(seconds)
        guard let account = try await read("serviceaccounts", namespace, name) else {
            throw .notFound(resource: "serviceaccounts", group: "", name: name)
        }
        let audiences = spec["audiences"].strings
        let issuedAt = now()
        let bound = spec["boundObjectRef"]
        let isExtended = seconds == Self.extendedRequestSeconds && bound?["kind"]?.stringValue == "Pod" && audiences.isEmpty
        let lifetime = isExtended ? Self.yearSeconds : seconds
        var claims = ServiceAccountClaims(
            namespace: namespace, serviceAccount: .init(name: name, uid: account.uid),
            audiences: audiences.isEmpty ? [issuer.issuer] : audiences, issuedAt: issuedAt,
            expiresAt: issuedAt + .seconds(lifetime), id: UID.random().description)
        if isExtended { claims.warnAfter = issuedAt + .seconds(seconds) }
        if let bound, !bound.isNull { try await bind(&claims, to: bound) }
        return try await answer(object, spec, claims, seconds)
    }

    private static func check(_ seconds: Int64) throws(Status) {
        let path = FieldPath("spec").child("expirationSeconds")
        var problems: [FieldError] = []
        if seconds < 600 { problems.append(.invalid(path, .integer(seconds), "may not specify a duration less than 10 minutes")) }
        if seconds > 1 << 32 { problems.append(.invalid(path, .integer(seconds), "may not specify a duration larger than 2^32 seconds")) }
        guard problems.isEmpty else { throw .invalid(kind: "TokenRequest", group: "authentication.k8s.io", name: "", problems) }
    }

    private func bind(_ claims: inout ServiceAccountClaims, to reference: JSONValue) async throws(Status) {
        let kind = reference["kind"]?.stringValue ?? ""
        let name = reference["name"]?.stringValue ?? ""
        let version = reference["apiVersion"]?.stringValue ?? ""
        let account = claims.serviceAccount.name
        guard version == "v1", let plural = ["Pod": "pods", "Secret": "secrets", "Node": "nodes"][kind] else {
            throw .badRequest("cannot bind token for serviceaccount \(account.quoted) to type \(version), Kind=\(kind)")
        }
        guard let object = try await read(plural, kind == "Node" ? "" : claims.namespace, name) else {
            throw .notFound(resource: plural, group: "", name: name)
        }
        if let uid = reference["uid"]?.stringValue, !uid.isEmpty, uid != object.uid {
            throw .conflict(
                resource: plural, group: "", name: name,
                "the UID in the bound object reference (\(uid)) does not match the UID in record. "
                    + "The object might have been deleted and then recreated")
        }
        let found = ServiceAccountClaims.Reference(name: name, uid: object.uid)
        switch kind {
        case "Pod":
            guard object["spec"]?["serviceAccountName"]?.stringValue == account else {
                throw .badRequest(
                    "cannot bind token for serviceaccount \(account.quoted) to pod running with different serviceaccount name.")
            }
            claims.pod = found
            try await addNode(of: object, to: &claims)
        case "Secret": claims.secret = found
        default: claims.node = found
        }
    }

    /// A pod's token says on which node it runs.
    private func addNode(of pod: JSONValue, to claims: inout ServiceAccountClaims) async throws(Status) {
        guard let name = pod["spec"]?["nodeName"]?.stringValue, !name.isEmpty else { return }
        guard let node = try await read("nodes", "", name) else { return }
        claims.node = .init(name: name, uid: node.uid)
    }

    private func answer(
        _ object: JSONObject, _ spec: JSONValue, _ claims: ServiceAccountClaims, _ seconds: Int64
    ) async throws(Status) -> JSONObject {
        let token: String
        do throws(TokenError) {
            token = try await issuer.issue(claims)
        } catch {
            throw Status(code: 500, reason: .internalError, message: "Internal error occurred: failed to generate token: \(error)")
        }
        var answer = object
        var metadata = object["metadata"] ?? .object(JSONObject())
        metadata["name"] = .string(claims.serviceAccount.name)
        metadata["namespace"] = .string(claims.namespace)
        metadata["uid"] = .string(claims.serviceAccount.uid)
        metadata["creationTimestamp"] = .string(claims.issuedAt.description)
        answer["metadata"] = metadata
        var spec = spec
        spec["audiences"] = .array(claims.audiences.map { .string($0) })
        spec["expirationSeconds"] = .integer(seconds)
        if spec["boundObjectRef"] == nil { spec["boundObjectRef"] = .some(.null) }
        answer["spec"] = spec
        // What was asked for, also of a token that lasts longer: its owner replaces it in time all the same.
        let end = claims.issuedAt + .seconds(seconds)
        answer["status"] = ["token": .string(token), "expirationTimestamp": .string(end.description)]
        return answer
    }

    private func read(_ plural: String, _ namespace: String, _ name: String) async throws(Status) -> JSONValue? {
        let key = namespace.isEmpty ? "/registry/core/\(plural)/\(name)" : "/registry/core/\(plural)/\(namespace)/\(name)"
        do throws(StorageError) {
            return try await storage.get(key, at: nil).flatMap { try? JSONValue(parsing: $0.value) }
        } catch {
            throw Status(code: 500, reason: .internalError, message: "Internal error occurred: read \(key): \(error)")
        }
    }
}

extension JSONValue {
    var uid: String { self["metadata"]?["uid"]?.stringValue ?? "" }
}
