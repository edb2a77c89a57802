package import APIMachinery
internal import KubernetesAPI

/// The bodies of a request and of its answer as the audit log tells them: as objects, whatever they travelled as.
package enum AuditContent {
    /// - Returns: nil for a body that is empty or no object, such as a JSON patch, which is told as it is.
    package static func request(_ request: APIRequest, omitsManagedFields: Bool) -> JSONValue? {
        guard !request.body.isEmpty, request.body.count <= RequestBody.maxBytes else { return nil }
        let essence = MediaType(parsing: (request.headers["Content-Type"] ?? "")[...]).essence
        if PatchType(rawValue: essence) != nil, let patch = try? JSONValue(parsing: request.body) { return patch }
        return object(request.body, type: essence, omitsManagedFields)
    }

    /// - Returns: nil for an answer that is a stream, or no object.
    package static func response(_ response: APIResponse, omitsManagedFields: Bool) -> JSONValue? {
        let bytes: [UInt8]
        switch response.body {
        case .bytes(let whole): bytes = whole
        case .parts(let parts): bytes = Array(parts.joined())
        case .stream, .upgrade: return nil
        }
        return object(bytes, type: MediaType(parsing: (response.headers["Content-Type"] ?? "")[...]).essence, omitsManagedFields)
    }

    private static func object(_ bytes: [UInt8], type: String, _ omitsManagedFields: Bool) -> JSONValue? {
        let encoding = ResponseFormat.Encoding(rawValue: type) ?? (type == PatchType.apply.rawValue ? .yaml : .json)
        guard var object = try? RequestBody.decode(bytes, encoding, isConfiguration: true).object, !object.isEmpty else { return nil }
        if omitsManagedFields {
            object = withoutManagedFields(object)
            if let items = object["items"]?.arrayValue {
                object["items"] = .array(items.map { $0.objectValue.map { .object(withoutManagedFields($0)) } ?? $0 })
            }
        }
        return .object(object)
    }

    private static func withoutManagedFields(_ object: JSONObject) -> JSONObject {
        guard object["metadata"]?["managedFields"] != nil else { return object }
        var object = object
        object.setMetadata("managedFields", nil)
        return object
    }
}
