internal import APIMachinery

/// admission.k8s.io AdmissionReview: what is asked of a webhook.
struct AdmissionReviewRequest: Sendable {
    /// `v1` or `v1beta1`, which say the same.
    var version: String
    var uid: String
    var matched: MatchedResource
    var object: JSONObject?
    var old: JSONObject?

    func json(_ attributes: AdmissionAttributes) -> JSONObject {
        let requested = attributes.resource
        var request: JSONObject = [
            "uid": .string(uid), "kind": Self.kind(matched.kind), "resource": Self.resource(matched.resource),
        ]
        if !attributes.subresource.isEmpty { request.append("subResource", .string(attributes.subresource)) }
        request.append("requestKind", Self.kind(requested.kind(ofSubresource: attributes.subresource)))
        request.append("requestResource", Self.resource(requested))
        if !attributes.subresource.isEmpty { request.append("requestSubResource", .string(attributes.subresource)) }
        let name = attributes.isNameGenerated ? "" : attributes.name
        if !name.isEmpty { request.append("name", .string(name)) }
        if !attributes.requestNamespace.isEmpty { request.append("namespace", .string(attributes.requestNamespace)) }
        request.append("operation", .string(attributes.operation.rawValue))
        request.append("userInfo", Self.user(attributes.user))
        request.append("object", object.map { .object($0) } ?? .null)
        request.append("oldObject", old.map { .object($0) } ?? .null)
        request.append("dryRun", .bool(attributes.isDryRun))
        request.append("options", attributes.options.json(attributes.operation).map { .object($0) } ?? .null)
        return ["kind": "AdmissionReview", "apiVersion": .string("admission.k8s.io/\(version)"), "request": .object(request)]
    }

    private static func kind(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }

    private static func resource(_ resource: ResourceDefinition) -> JSONValue {
        ["group": .string(resource.group), "version": .string(resource.version), "resource": .string(resource.plural)]
    }

    private static func user(_ user: UserInfo) -> JSONValue {
        var json: JSONObject = ["username": .string(user.name)]
        if !user.uid.isEmpty { json.append("uid", .string(user.uid)) }
        if !user.groups.isEmpty { json.append("groups", .array(user.groups.map { .string($0) })) }
        if !user.extra.isEmpty {
            var extra = JSONObject()
            for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra.append(key, .array(values.map { .string($0) })) }
            json.append("extra", .object(extra))
        }
        return .object(json)
    }
}

/// What a webhook answered, after upstream's webhookrequest.VerifyAdmissionResponse.
struct AdmissionReviewResponse: Sendable {
    var isAllowed: Bool
    /// The JSON patch, still to be read; nil when there is none.
    var patch: [UInt8]?
    /// A metav1.Status that says why not; or none.
    var result: JSONValue?
    var warnings: [String]
    var auditAnnotations: [(key: String, value: String)]

    /// Why an answer cannot be used, in upstream's words.
    struct Problem: Error { var text: String }

    init(_ review: JSONValue, to request: AdmissionReviewRequest, isMutating: Bool) throws(Problem) {
        guard let response = review["response"], response.objectValue != nil else { throw Problem(text: "webhook response was absent") }
        if request.version == "v1" { try Self.check(review, response, request, isMutating: isMutating) }
        isAllowed = response["allowed"]?.boolValue ?? false
        result = response["status"].flatMap { $0.isNull ? nil : $0 }
        warnings = (response["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
        auditAnnotations = (response["auditAnnotations"]?.objectValue?.members ?? []).map { ($0.key, $0.value.stringValue ?? "") }
        patch = isMutating ? try Self.patch(response) : nil
    }

    private static func check(
        _ review: JSONValue, _ response: JSONValue, _ request: AdmissionReviewRequest, isMutating: Bool
    ) throws(Problem) {
        let uid = response["uid"]?.stringValue ?? ""
        guard uid == request.uid else { throw Problem(text: "expected response.uid=\(request.uid.quoted), got \(uid.quoted)") }
        let version = review["apiVersion"]?.stringValue ?? ""
        let kind = review["kind"]?.stringValue ?? ""
        guard version == "admission.k8s.io/v1", kind == "AdmissionReview" else {
            let given = GroupVersionKind(apiVersion: version, kind: kind)
            throw Problem(
                text: "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, "
                    + "got \(given.group)/\(given.version), Kind=\(given.kind)")
        }
        let hasPatch = response["patch"]?.stringValue?.isEmpty == false
        let type = response["patchType"].flatMap { $0.isNull ? nil : $0 }
        if !isMutating {
            if hasPatch { throw Problem(text: "validating webhook may not return response.patch") }
            if type != nil { throw Problem(text: "validating webhook may not return response.patchType") }
            return
        }
        if hasPatch, type == nil { throw Problem(text: "webhook returned response.patch but not response.patchType") }
        if !hasPatch, type != nil { throw Problem(text: "webhook returned response.patchType but not response.patch") }
        if hasPatch, type?.stringValue == "" { throw Problem(text: "webhook returned invalid response.patchType of \"\"") }
    }

    private static func patch(_ response: JSONValue) throws(Problem) -> [UInt8]? {
        guard let text = response["patch"]?.stringValue, !text.isEmpty else { return nil }
        // The older version knows no other type, and may leave it out.
        let type = response["patchType"]?.stringValue ?? "JSONPatch"
        guard type == "JSONPatch" else { throw Problem(text: "unsupported patch type \(type.quoted)") }
        guard let bytes = Base64Data(base64: text)?.bytes else { throw Problem(text: "response.patch is no base64") }
        return bytes
    }
}
