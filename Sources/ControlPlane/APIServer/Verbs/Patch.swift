internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// PATCH on an object.
    func patch(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        try await patch(&context, subresource: "")
    }

    /// PATCH on an object, or on a subresource of the same kind.
    func patch(_ context: inout RequestContext, subresource: String) async throws(Status) -> APIResponse {
        let type = try PatchType(context.request, isCustom: context.resource.isCustom)
        let format = try ResponseFormat.negotiated(context.request)
        guard context.request.body.count <= RequestBody.maxBytes else { throw RequestBody.tooLarge }
        let options = try WriteOptions(context.request, kind: "PatchOptions", isApply: type == .apply)
        if type == .apply { return try await apply(&context, format, options, subresource: subresource) }
        let patch = try ObjectPatch(type, context.request.body)
        let server = self
        var update = ObjectUpdate(name: context.info.name, subresource: subresource, options: options) { old, context throws(Status) in
            try server.patched(old, patch, &context, options.fieldValidation)
        }
        update.isPatch = true
        let written = try await perform(update, &context)
        let result = try await didWrite(written, context)
        return try await response(result, context, format, status: 200)
    }

    private func patched(
        _ old: JSONObject, _ patch: ObjectPatch, _ context: inout RequestContext, _ validation: WriteOptions.FieldValidation
    ) throws(Status) -> JSONObject {
        let typeName = context.resource.stored?.strategy.typeName ?? ""
        let value = try patch.applied(to: .object(old), typeName: typeName)
        guard let object = value.objectValue else { throw PatchProblem.rejected }
        let name = context.info.name
        guard !object.name.isEmpty else {
            throw .badRequest("the name of the object (\(name) based on URL) was undeterminable: name must be provided")
        }
        var checked = object
        if object["kind"] == nil { checked["kind"] = old["kind"] }
        if object["apiVersion"] == nil { checked["apiVersion"] = old["apiVersion"] }
        guard checked["kind"] == old["kind"], checked["apiVersion"] == old["apiVersion"] else {
            throw PatchProblem.invalid(
                patch.shown(result: object, isCustom: context.resource.isCustom), "the kind of an object cannot be changed by a patch")
        }
        do throws(Status) {
            return try canonical(
                checked, problems: patch.problems, sortsUnknown: patch.isStrategic, &context, validation)
        } catch {
            let mark = "cannot be handled as a \(context.resource.kind.kind): "
            guard error.reason == .badRequest, let range = error.message.firstRange(of: mark) else { throw error }
            let why = String(error.message[range.upperBound...])
            throw PatchProblem.invalid(
                patch.shown(result: object, isCustom: context.resource.isCustom), patch.isStrategic ? PatchProblem.converterText(why) : why)
        }
    }
}

/// How the body of a PATCH is to be read.
enum PatchType: String, Sendable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategic = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"

    /// - Throws: 415.
    init(_ request: APIRequest, isCustom: Bool) throws(Status) {
        let essence = MediaType(parsing: (request.headers["Content-Type"] ?? "")[...]).essence
        guard let type = PatchType(rawValue: essence) else {
            throw Status(code: 415, reason: .unsupportedMediaType, message: "415: Unsupported Media Type", details: Status.Details())
        }
        if isCustom, type == .strategic {
            let accepted = [PatchType.json, .merge, .apply].map(\.rawValue).joined(separator: ", ")
            throw Status(
                code: 415, reason: .unsupportedMediaType,
                message: "the body of the request was in an unknown format - accepted media types include: \(accepted)")
        }
        self = type
    }
}
