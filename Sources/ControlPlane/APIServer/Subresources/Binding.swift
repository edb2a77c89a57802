internal import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// POST on `pods/NAME/binding`, or on `bindings`: gives the pod to a node.
    func bind(_ context: inout RequestContext) async throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(context.request, transforms: false)
        let options = try WriteOptions(context.request, kind: "CreateOptions")
        var binding = try decodeForeign(context, GroupVersionKind(group: "", version: "v1", kind: "Binding"))
        let isSub = context.info.subresource == "binding"
        let name = isSub ? context.info.name : binding.name
        if binding.name.isEmpty { binding.setMetadata("name", .string(name)) }
        guard binding.name == name else { throw .badRequest("name in URL does not match name in Binding object") }
        guard binding.namespace.isEmpty || binding.namespace == context.info.namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        guard let pods = registry.core("pods") else { throw .unknownResource }
        context.resource = pods
        context.info.name = name
        try Self.checkTarget(binding)
        binding = try await admitConnected(binding, .create, "binding", .write(options), options.isDryRun, &context)
        let node = binding["target"]?["name"]?.stringValue ?? ""
        let checked = binding
        var update = ObjectUpdate(name: name, subresource: "binding", options: options) { old, context throws(Status) in
            try Self.bound(old, checked, node, context.now)
        }
        update.isInternalStep = true
        _ = try await perform(update, &context)
        return try Self.success(format, status: 201)
    }

    /// A write of a subresource with a kind of its own goes through admission with that kind.
    ///
    /// - Returns: What admission has made of it.
    @discardableResult
    func admitConnected(
        _ object: JSONObject, _ operation: AdmissionAttributes.Operation, _ subresource: String, _ options: AdmissionAttributes.Options,
        _ isDryRun: Bool, _ context: inout RequestContext
    ) async throws(Status) -> JSONObject {
        var attributes = AdmissionAttributes(
            operation: operation, resource: context.resource, subresource: subresource, namespace: context.info.namespace,
            name: context.info.name, object: object, old: nil, user: context.caller.user, isDryRun: isDryRun, now: context.now)
        attributes.options = options
        try await mutate(&attributes, &context)
        try await validate(&attributes, &context)
        return attributes.object ?? object
    }

    static func success(_ format: ResponseFormat, status: Int) throws(Status) -> APIResponse {
        let object: JSONObject = [
            "kind": "Status", "apiVersion": "v1", "metadata": .object(JSONObject()), "status": "Success", "code": .integer(Int64(status)),
        ]
        return .body(try ResponseEncoder.encode(object, format), format, status: status)
    }

    private static func checkTarget(_ binding: JSONObject) throws(Status) {
        let kind = binding["target"]?["kind"]?.stringValue ?? ""
        var problems: [FieldError] = []
        if kind != "", kind != "Node" {
            problems.append(.notSupported(FieldPath("target", "kind"), .string(kind), supported: ["Node", "<empty>"]))
        }
        if (binding["target"]?["name"]?.stringValue ?? "").isEmpty { problems.append(.required(FieldPath("target", "name"))) }
        guard !problems.isEmpty else { return }
        // Upstream lets these errors through as they are.
        let texts = problems.map(\.description)
        throw Status(
            code: 500, reason: .unknown, message: texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]")
    }

    private static func bound(_ old: JSONObject, _ binding: JSONObject, _ node: String, _ now: Timestamp) throws(Status) -> JSONObject {
        func conflict(_ why: String) -> Status { .conflict(resource: "pods/binding", group: "", name: old.name, why) }
        if !binding.uid.isEmpty, binding.uid != old.uid {
            throw .conflict(
                resource: "pods", group: "", name: old.name,
                "StorageError: invalid object, Code: 4, Key: /registry/pods/\(old.namespace)/\(old.name), ResourceVersion: 0, "
                    + "AdditionalErrorMsg: Precondition failed: UID in precondition: \(binding.uid), UID in object meta: \(old.uid)")
        }
        guard !old.isBeingDeleted else { throw conflict("pod \(old.name) is being deleted, cannot be assigned to a host") }
        let current = old["spec"]?["nodeName"]?.stringValue ?? ""
        guard current.isEmpty else { throw conflict("pod \(old.name) is already assigned to node \(current.quoted)") }
        if !(old["spec"]?["schedulingGates"]?.arrayValue ?? []).isEmpty {
            throw conflict("pod \(old.name) has non-empty .spec.schedulingGates")
        }
        var object = old
        var spec = object["spec"] ?? .object(JSONObject())
        spec["nodeName"] = .string(node)
        object["spec"] = spec
        for field in ["annotations", "labels"] {
            guard let added = binding.metadata[field]?.objectValue, !added.isEmpty else { continue }
            object.setMetadata(field, (old.metadata[field] ?? .object(JSONObject())).merging(.object(added)))
        }
        setScheduled(&object, now)
        object.setResourceVersion(binding.resourceVersion.isEmpty ? nil : binding.resourceVersion)
        return object
    }

    private static func setScheduled(_ object: inout JSONObject, _ now: Timestamp) {
        var status = object["status"] ?? .object(JSONObject())
        var conditions = (status["conditions"]?.arrayValue ?? []).filter { $0["type"]?.stringValue != "PodScheduled" }
        conditions.append([
            "type": "PodScheduled", "status": "True", "lastProbeTime": nil, "lastTransitionTime": .string(now.description),
        ])
        status["conditions"] = .array(conditions)
        // It has its place: the one that was made for it is no longer kept.
        status["nominatedNodeName"] = nil
        object["status"] = status
    }
}
