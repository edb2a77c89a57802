internal import APIMachinery

/// A pod template as upstream's errors show it.
enum GoPodTemplate {
    static func shown(_ template: JSONValue?) -> JSONValue {
        var object = template?["metadata"]?.objectValue ?? JSONObject()  // metadata is embedded and keeps its JSON names
        object["Spec"] = spec(template?["spec"])
        return .object(object)
    }

    /// Upstream's internal form keeps the host's namespaces in the security context.
    static func spec(_ spec: JSONValue?) -> JSONValue {
        guard case .object(var shown) = GoValue.of(spec, type: "core/v1.PodSpec") else { return .null }
        var context = JSONObject()
        for name in ["hostNetwork", "hostPID", "hostIPC"] {
            context[GoValue.goName(name)] = spec?[name] ?? false
        }
        for name in ["shareProcessNamespace", "hostUsers"] { context[GoValue.goName(name)] = spec?[name] ?? .null }
        let own = GoValue.of(spec?["securityContext"], type: "core/v1.PodSecurityContext").objectValue
        for member in own?.members ?? [] { context[member.key] = member.value }
        shown["SecurityContext"] = .object(context)
        return .object(shown)
    }
}
