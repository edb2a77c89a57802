internal import APIMachinery
internal import KubernetesAPI

/// autoscaling/v1 Scale: the number of replicas of anything that has one, as an object of its own.
extension APIServer {
    func scale(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        guard let paths = context.resource.stored?.strategy.scale else { throw .unknownResource }
        let format = try ResponseFormat.negotiated(context.request)
        let scale: JSONObject
        switch context.info.verb {
        case "get": scale = Self.scale(of: context.resource.object(try await requestedItem(context)), paths)
        case "update": scale = try await writeScale(&context, paths, kind: "UpdateOptions", patch: nil)
        case "patch":
            let type = try PatchType(context.request, isCustom: context.resource.isCustom)
            scale =
                type == .apply
                ? try await applyScale(&context, paths)
                : try await writeScale(&context, paths, kind: "PatchOptions", patch: ObjectPatch(type, context.request.body))
        default: throw .methodNotAllowed
        }
        return try encoder(context, format).response(scale)
    }

    private func writeScale(
        _ context: inout RequestContext, _ paths: ScalePaths, kind: String, patch: ObjectPatch?
    ) async throws(Status) -> JSONObject {
        let options = try WriteOptions(context.request, kind: kind)
        let name = context.info.name
        let scaleKind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
        let body = patch == nil ? try decodeForeign(context, scaleKind) : JSONObject()
        var update = ObjectUpdate(name: name, subresource: "scale", options: options) { old, _ throws(Status) in
            var scale = body
            if let patch {
                scale = try patch.applied(to: .object(Self.scale(of: old, paths)), typeName: "autoscaling/v1.Scale").objectValue ?? body
            }
            return try Self.applied(scale, to: old, name: name, paths)
        }
        update.isPatch = patch != nil
        let result = try await perform(update, &context)
        return Self.scale(of: result.object, paths)
    }

    /// Server-side apply of a Scale: its fields' owners are the object's, under another name.
    private func applyScale(_ context: inout RequestContext, _ paths: ScalePaths) async throws(Status) -> JSONObject {
        let options = try WriteOptions(context.request, kind: "PatchOptions", isApply: true)
        let body = try Self.appliedBody(context)
        let name = context.info.name
        let replicasPath = paths.specReplicas.split(separator: ".").map(String.init)
        let scaleKind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
        let manager = FieldManager(kind: scaleKind, type: .builtIn(scaleKind) ?? .untyped, subresource: "scale")
        var update = ObjectUpdate(name: name, subresource: "scale", options: options) { old, context throws(Status) in
            let owners = ScaleManagedFields(
                parent: old, apiVersion: context.resource.kind.apiVersion, replicasPath: replicasPath)
            var live = Self.scale(of: old, paths)
            owners.entriesOfScale.write(to: &live)
            let scale = try manager.apply(
                live: live, applied: body.object, manager: options.fieldManager, force: options.force, time: context.now)
            var object = try Self.applied(scale, to: old, name: name, paths)
            owners.entriesOfParent(after: scale).write(to: &object)
            return object
        }
        update.tracksFieldsItself = true
        return Self.scale(of: try await perform(update, &context).object, paths)
    }

    private static func applied(_ scale: JSONObject, to old: JSONObject, name: String, _ paths: ScalePaths) throws(Status) -> JSONObject {
        guard scale.name.isEmpty || scale.name == name else {
            throw .badRequest("the name of the object (\(scale.name)) does not match the name on the URL (\(name))")
        }
        let wanted = scale["spec"]?["replicas"]
        let replicas = wanted?.integerValue ?? 0
        if let wanted, !wanted.isNull, wanted.integerValue == nil {
            throw .badRequest(
                "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal \(wanted.typeName) into Go struct field "
                    + "ScaleSpec.spec.replicas of type int32")
        }
        guard replicas >= 0 else {
            throw .invalid(
                kind: "Scale", group: "autoscaling", name: name,
                [.invalid(FieldPath("spec", "replicas"), .integer(replicas), "must be greater than or equal to 0")])
        }
        var object = old
        var value = JSONValue.object(object)
        value.set(.integer(replicas), at: paths.specReplicas.split(separator: ".").map(String.init)[...])
        object = value.objectValue ?? old
        object.setResourceVersion(scale.resourceVersion.isEmpty ? nil : scale.resourceVersion)
        if !scale.uid.isEmpty { object.setMetadata("uid", .string(scale.uid)) }
        return object
    }

    static func scale(of object: JSONObject, _ paths: ScalePaths) -> JSONObject {
        var metadata = JSONObject()
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let value = object.metadata[name] { metadata.append(name, value) }
        }
        func replicas(_ path: String) -> JSONValue? { JSONValue.object(object).value(at: path)?.integerValue.map { .integer($0) } }
        var spec = JSONObject()
        if let wanted = replicas(paths.specReplicas), wanted != 0 { spec.append("replicas", wanted) }
        var status: JSONObject = ["replicas": replicas(paths.statusReplicas) ?? 0]
        let selector = selectorText(paths.selector.flatMap { JSONValue.object(object).value(at: $0) })
        if !selector.isEmpty { status.append("selector", .string(selector)) }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .object(metadata), "spec": .object(spec),
            "status": .object(status),
        ]
    }

    /// A selector in any of the forms that kinds have it in, as text.
    private static func selectorText(_ value: JSONValue?) -> String {
        switch value {
        case .string(let text): return text
        case .object(let object):
            if object["matchLabels"] == nil, object["matchExpressions"] == nil {
                let labels = object.members.map { ($0.key, $0.value.stringValue ?? "") }
                return Selector(equalTo: Dictionary(labels, uniquingKeysWith: { $1 })).description
            }
            var decoder = ObjectDecoder(options: .lenient)
            let selector = LabelSelector.decode(.object(object), &decoder)
            return (try? selector?.selector())?.description ?? ""
        default: return ""
        }
    }
}

extension JSONValue {
    /// - Parameter path: Names joined by dots; one at the beginning does not count.
    func value(at path: String) -> JSONValue? {
        var value: JSONValue? = self
        for name in path.split(separator: ".") { value = value?[String(name)] }
        return value
    }

    mutating func set(_ new: JSONValue, at path: ArraySlice<String>) {
        guard let name = path.first else {
            self = new
            return
        }
        var inner = self[name] ?? .object(JSONObject())
        inner.set(new, at: path.dropFirst())
        self[name] = inner
    }
}
