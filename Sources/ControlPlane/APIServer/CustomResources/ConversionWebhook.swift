internal import APIMachinery

/// The webhook that brings a definition's objects from one version into another (`spec.conversion.strategy: Webhook`).
package struct ConversionWebhook: Sendable {
    let client: WebhookClientConfig
    let reviewVersions: [String]
    /// By apiVersion, of every version that the definition has: what a schema does not know is pruned.
    let schemas: [String: StructuralSchema]

    static let timeoutSeconds: Int64 = 30

    init(_ conversion: JSONValue, schemas: [String: StructuralSchema]) {
        client = WebhookClientConfig(conversion["webhook"]?["clientConfig"] ?? .null)
        reviewVersions = (conversion["webhook"]?["conversionReviewVersions"]?.arrayValue ?? []).compactMap(\.stringValue)
        self.schemas = schemas
    }

    /// - Parameter objects: None of them in the version yet.
    /// - Throws: A 500 in upstream's words.
    func convert(_ objects: [JSONObject], to apiVersion: String, _ reader: ObjectReader) async throws(Status) -> [JSONObject] {
        guard let first = objects.first else { return [] }
        guard let version = reviewVersions.first(where: { ["v1", "v1beta1"].contains($0) }) else {
            throw Self.failure("no supported conversion review versions")
        }
        let request = ConversionReview(version: version, uid: UID.random().description, apiVersion: apiVersion, objects: objects)
        let converted: [JSONObject]
        do throws(WebhookCallError) {
            converted = try request.objects(in: try await ask(request, reader))
        } catch {
            throw Self.failure("conversion webhook for \(Self.kind(of: first)) failed: \(error)")
        }
        guard converted.count == objects.count else {
            throw Self.failure(
                "conversion webhook for \(Self.kind(of: first)) returned \(converted.count) objects, expected \(objects.count)")
        }
        var results: [JSONObject] = []
        for (index, (original, object)) in zip(objects, converted).enumerated() {
            do throws(WebhookCallError) {
                results.append(pruned(try ConvertedObject.checked(object, from: original, apiVersion: apiVersion, index: index)))
            } catch {
                throw Self.failure("conversion webhook for \(Self.kind(of: original)) returned \(error)")
            }
        }
        return results
    }

    private func ask(_ request: ConversionReview, _ reader: ObjectReader) async throws(WebhookCallError) -> JSONValue {
        guard let caller = reader.server.configuration.conversionCaller else {
            throw WebhookCallError("this server calls no webhooks")
        }
        let endpoint = try await WebhookLocation(objects: reader).endpoint(of: client, timeoutSeconds: Self.timeoutSeconds)
        do throws(WebhookCallError) {
            let answer = try await caller.post(
                JSONValue.object(request.json).serialized(), to: endpoint, timeout: .seconds(Self.timeoutSeconds))
            return try answer.review
        } catch {
            throw WebhookCallError("Post \(endpoint.url.quoted): \(error)")
        }
    }

    private func pruned(_ object: JSONObject) -> JSONObject {
        guard let schema = schemas[object["apiVersion"]?.stringValue ?? ""] else { return object }
        var value = JSONValue.object(object)
        var unknown: [FieldPath] = []
        schema.prune(&value, at: .root, isRoot: true, &unknown)
        return value.objectValue ?? object
    }

    private static func failure(_ text: String) -> Status { Status(code: 500, reason: .unknown, message: text) }

    private static func kind(of object: JSONObject) -> String {
        ConvertedObject.kind(of: object).goText
    }
}

/// apiextensions.k8s.io ConversionReview: what is asked, and what is made of the answer.
struct ConversionReview: Sendable {
    /// `v1` or `v1beta1`.
    var version: String
    var uid: String
    var apiVersion: String
    var objects: [JSONObject]

    var json: JSONObject {
        [
            "kind": "ConversionReview", "apiVersion": .string("apiextensions.k8s.io/\(version)"),
            "request": [
                "uid": .string(uid), "desiredAPIVersion": .string(apiVersion), "objects": .array(objects.map { .object($0) }),
            ],
        ]
    }

    /// The objects of an answer.
    ///
    /// - Throws: With the part of upstream's message behind `failed: `.
    func objects(in review: JSONValue) throws(WebhookCallError) -> [JSONObject] {
        let given = ConvertedObject.kind(of: review.objectValue ?? JSONObject())
        let wanted = GroupVersionKind(group: "apiextensions.k8s.io", version: "v1", kind: "ConversionReview")
        if version == "v1", given != wanted {
            throw WebhookCallError("expected webhook response of \(wanted.goText), got \(given.goText)")
        }
        guard let response = review["response"], response.objectValue != nil else { throw WebhookCallError("no response provided") }
        let answered = response["uid"]?.stringValue ?? ""
        if version == "v1", answered != uid {
            throw WebhookCallError("expected response.uid=\(uid.quoted), got \(answered.quoted)")
        }
        let status = response["result"]?["status"]?.stringValue ?? ""
        guard status == "Success" else {
            let message = response["result"]?["message"]?.stringValue ?? ""
            throw WebhookCallError(message.isEmpty ? "response.result.status was '\(status)', not 'Success'" : message)
        }
        return (response["convertedObjects"]?.arrayValue ?? []).map { $0.objectValue ?? JSONObject() }
    }
}

/// What a webhook may change about an object: everything but its identity and its metadata; of that labels and annotations.
enum ConvertedObject {
    static func kind(of object: JSONObject) -> GroupVersionKind {
        GroupVersionKind(apiVersion: object["apiVersion"]?.stringValue ?? "", kind: object["kind"]?.stringValue ?? "")
    }

    /// - Throws: With the part of upstream's message behind `returned `.
    static func checked(
        _ object: JSONObject, from original: JSONObject, apiVersion: String, index: Int
    ) throws(WebhookCallError) -> JSONObject {
        let (given, before) = (kind(of: object), kind(of: original))
        guard given.apiVersion == apiVersion else {
            throw WebhookCallError(
                "invalid object at index \(index): invalid groupVersion (expected \(apiVersion), received \(given.apiVersion))")
        }
        guard given.kind == before.kind else {
            throw WebhookCallError(
                "invalid object at index \(index): invalid kind (expected \(before.kind), received \(given.kind))")
        }
        for (field, name) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
            let (was, isNow) = (original.metadataText(field), object.metadataText(field))
            guard was == isNow else { throw WebhookCallError("invalid object: must have the same \(name): \(was) != \(isNow)") }
        }
        do throws(WebhookCallError) {
            return try withMetadata(of: original, object)
        } catch {
            throw WebhookCallError("invalid metadata: \(error)")
        }
    }

    private static func withMetadata(of original: JSONObject, _ object: JSONObject) throws(WebhookCallError) -> JSONObject {
        guard let given = object["metadata"] else { throw WebhookCallError("missing metadata in converted object") }
        guard given.objectValue != nil else {
            throw WebhookCallError("invalid metadata of type \(given.goTypeName) in converted object")
        }
        var result = object
        result["metadata"] = original["metadata"]
        for field in ["labels", "annotations"] {
            guard let map = given[field], !map.isNull else {
                result.setMetadata(field, nil)
                continue
            }
            guard let members = map.objectValue?.members else {
                throw WebhookCallError("invalid metadata.\(field) of type \(map.goTypeName) in converted object")
            }
            for member in members where member.value.stringValue == nil {
                throw WebhookCallError(
                    "metadata.\(field)[\(member.key)] must be a string, but is \(member.value.goTypeName) in converted object")
            }
            let problems = problems(of: members, in: field)
            guard problems.isEmpty else {
                throw WebhookCallError(
                    problems.count == 1 ? problems[0] : "[\(problems.joined(separator: ", "))]")
            }
            result.setMetadata(field, members.isEmpty ? nil : map)
        }
        return result
    }

    private static func problems(of members: [JSONObject.Member], in field: String) -> [String] {
        // Upstream names annotations in the singular here.
        let path = FieldPath("metadata", field == "labels" ? "labels" : "annotation")
        return members.flatMap { member in
            let value = member.value.stringValue ?? ""
            let name = NameValidation.qualifiedName(field == "labels" ? member.key : member.key.lowercased())
            let problems =
                name.map { FieldError.invalid(path, .string(member.key), $0) }
                + (field == "labels"
                    ? NameValidation.labelValue(value).map { FieldError.invalid(path.key(member.key), .string(value), $0) } : [])
            return problems.map(\.description)
        }
    }
}

extension GroupVersionKind {
    /// As Go prints it: `example.com/v1, Kind=Thing`.
    var goText: String { "\(group)/\(version), Kind=\(kind)" }
}

extension JSONValue {
    /// The type that Go's decoder makes of it.
    fileprivate var goTypeName: String {
        switch self {
        case .null: "<nil>"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }
}
