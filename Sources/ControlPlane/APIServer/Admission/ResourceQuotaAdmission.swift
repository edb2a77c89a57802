package import APIMachinery

/// Charges what is created to the quotas of its namespace, and refuses what does not fit.
///
/// The last to look: what it has charged is given back when the write fails afterwards.
package struct ResourceQuotaAdmission: AdmissionPlugin {
    package init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard let usage = Self.usage(attributes), !usage.isEmpty else { return }
        for quota in try await objects.list("resourcequotas", namespace: attributes.namespace) {
            guard QuotaScopes.match(quota, attributes.object ?? JSONObject(), attributes) else { continue }
            try checkSpecified(quota, attributes)
            try await charge(quota.name, usage, attributes, objects)
        }
    }

    package func didFail(_ attributes: AdmissionAttributes, _ objects: ObjectReader) async {
        guard let usage = Self.usage(attributes), !usage.isEmpty,
            let quotas = try? await objects.list("resourcequotas", namespace: attributes.namespace)
        else { return }
        let back = usage.mapValues { Quantity.zero - $0 }
        for quota in quotas where QuotaScopes.match(quota, attributes.object ?? JSONObject(), attributes) {
            // The controller that counts afresh mends what cannot be given back.
            try? await write(quota.name, attributes, objects) { old in Self.charged(old, back) }
        }
    }

    /// What the write adds; nil when it adds nothing that is counted.
    private static func usage(_ attributes: AdmissionAttributes) -> [String: Quantity]? {
        guard attributes.resource.isNamespaced, attributes.subresource.isEmpty, let object = attributes.object else { return nil }
        let kind = QuotaUsage(group: attributes.group, plural: attributes.plural)
        switch attributes.operation {
        case .create: return kind.of(object)
        case .update:
            guard let old = attributes.old else { return nil }
            var usage = kind.of(object)
            for (name, value) in kind.of(old) { usage[name] = (usage[name] ?? .zero) - value }
            // Less is counted by the controller, not here.
            return usage.filter { !$0.value.isZero && !$0.value.isNegative }
        default: return nil
        }
    }

    private func checkSpecified(_ quota: JSONObject, _ attributes: AdmissionAttributes) throws(Status) {
        guard attributes.isFor("pods"), attributes.operation == .create, let pod = attributes.object else { return }
        let hard = Self.hard(quota).keys.sorted()
        let missing = hard.compactMap { name -> String? in
            let containers = QuotaUsage.containers(of: pod, without: name)
            return containers.isEmpty ? nil : "\(name) for: \(containers.joined(separator: ","))"
        }
        guard missing.isEmpty else {
            throw attributes.forbidden("failed quota: \(quota.name): must specify \(missing.joined(separator: "; "))")
        }
    }

    private static func hard(_ quota: JSONObject) -> [String: Quantity] { PodResources.quantities(quota["status"]?["hard"]) }

    private func charge(
        _ name: String, _ usage: [String: Quantity], _ attributes: AdmissionAttributes, _ objects: ObjectReader
    ) async throws(Status) {
        try await write(name, attributes, objects) { old throws(Status) in
            let hard = Self.hard(old)
            let used = PodResources.quantities(old["status"]?["used"])
            let relevant = usage.filter { hard[$0.key] != nil }
            let exceeded = relevant.keys.sorted().filter { name in
                let after = (used[name] ?? .zero) + (relevant[name] ?? .zero)
                return hard[name].map { $0 < after } ?? false
            }
            guard exceeded.isEmpty else {
                func list(_ values: [String: Quantity]) -> String {
                    exceeded.map { "\($0)=\(values[$0] ?? .zero)" }.joined(separator: ",")
                }
                throw attributes.forbidden(
                    "exceeded quota: \(name), requested: \(list(relevant)), used: \(list(used)), limited: \(list(hard))")
            }
            return Self.charged(old, relevant)
        }
    }

    private static func charged(_ quota: JSONObject, _ usage: [String: Quantity]) -> JSONObject {
        var quota = quota
        var status = quota["status"] ?? .object(JSONObject())
        var used = status["used"] ?? .object(JSONObject())
        let before = PodResources.quantities(used)
        for (name, value) in usage where status["hard"]?[name] != nil {
            used[name] = .string(((before[name] ?? .zero) + value).description)
        }
        status["used"] = used
        quota["status"] = status
        return quota
    }

    private func write(
        _ name: String, _ attributes: AdmissionAttributes, _ objects: ObjectReader,
        _ change: @escaping @Sendable (JSONObject) throws(Status) -> JSONObject
    ) async throws(Status) {
        guard let resource = objects.resource("resourcequotas") else { return }
        var context = RequestContext(
            request: APIRequest(path: ""), info: RequestInfo(APIRequest(path: "/")), caller: .system, resource: resource,
            now: attributes.now)
        context.info.namespace = attributes.namespace
        var options = WriteOptions()
        options.isDryRun = attributes.isDryRun
        var update = ObjectUpdate(name: name, subresource: "status", options: options) { old, _ throws(Status) in try change(old) }
        update.tracksFieldsItself = true
        _ = try await objects.server.perform(update, &context)
    }
}

/// What objects of one kind use of a quota. Pure.
struct QuotaUsage {
    let group: String
    let plural: String

    func of(_ object: JSONObject) -> [String: Quantity] {
        var usage = ["count/\(group.isEmpty ? plural : "\(plural).\(group)")": Quantity(1)]
        guard group.isEmpty else { return usage }
        if ["configmaps", "secrets", "replicationcontrollers", "resourcequotas", "services", "persistentvolumeclaims", "pods"].contains(
            plural)
        {
            usage[plural] = Quantity(1)
        }
        switch plural {
        case "pods": PodResources.add(&usage, pod(object))
        case "services": PodResources.add(&usage, service(object))
        case "persistentvolumeclaims": PodResources.add(&usage, claim(object))
        default: break
        }
        return usage
    }

    private func pod(_ object: JSONObject) -> [String: Quantity] {
        if ["Succeeded", "Failed"].contains(object["status"]?["phase"]?.stringValue ?? "") { return [:] }
        var usage: [String: Quantity] = [:]
        for (name, value) in PodResources.total(object, "requests") {
            usage["requests.\(name)"] = value
            if ["cpu", "memory", "ephemeral-storage"].contains(name) { usage[name] = value }
        }
        for (name, value) in PodResources.total(object, "limits") { usage["limits.\(name)"] = value }
        return usage
    }

    private func service(_ object: JSONObject) -> [String: Quantity] {
        let ports = object["spec"]?["ports"]?.arrayValue ?? []
        switch object["spec"]?["type"]?.stringValue {
        case "NodePort": return ["services.nodeports": Quantity(Int64(ports.count))]
        case "LoadBalancer":
            let count = ports.count { $0["nodePort"] != nil }
            return ["services.loadbalancers": Quantity(1), "services.nodeports": Quantity(Int64(count))]
        default: return [:]
        }
    }

    private func claim(_ object: JSONObject) -> [String: Quantity] {
        let storage = PodResources.quantities(object["spec"]?["resources"]?["requests"])["storage"] ?? .zero
        var usage = ["requests.storage": storage]
        if let name = object["spec"]?["storageClassName"]?.stringValue, !name.isEmpty {
            usage["\(name).storageclass.storage.k8s.io/requests.storage"] = storage
            usage["\(name).storageclass.storage.k8s.io/persistentvolumeclaims"] = Quantity(1)
        }
        return usage
    }

    /// The containers that do not say how much they want of what a quota counts.
    ///
    /// - Parameter resource: A quota's name: `requests.cpu`, `memory`, `limits.memory`.
    static func containers(of pod: JSONObject, without resource: String) -> [String] {
        let names = ["cpu", "memory", "ephemeral-storage"]
        let field = resource.hasPrefix("limits.") ? "limits" : "requests"
        let name =
            resource.hasPrefix("limits.") || resource.hasPrefix("requests.")
            ? String(resource.drop { $0 != "." }.dropFirst()) : resource
        guard names.contains(name) else { return [] }
        let containers = ["containers", "initContainers"].flatMap { pod["spec"]?[$0]?.arrayValue ?? [] }
        return containers.filter { $0["resources"]?[field]?[name] == nil }.compactMap { $0["name"]?.stringValue }.sorted()
    }
}

/// Which pods a quota with scopes counts.
enum QuotaScopes {
    static func match(_ quota: JSONObject, _ object: JSONObject, _ attributes: AdmissionAttributes) -> Bool {
        let scopes = (quota["spec"]?["scopes"]?.arrayValue ?? []).compactMap(\.stringValue)
        let selectors = quota["spec"]?["scopeSelector"]?["matchExpressions"]?.arrayValue ?? []
        guard !scopes.isEmpty || !selectors.isEmpty else { return true }
        guard attributes.isFor("pods") else { return false }
        return scopes.allSatisfy { has(object, $0) } && selectors.allSatisfy { matches(object, $0) }
    }

    private static func has(_ pod: JSONObject, _ scope: String) -> Bool {
        let ends = pod["spec"]?["activeDeadlineSeconds"]?.integerValue != nil
        let asks = !PodResources.total(pod, "requests").isEmpty || !PodResources.total(pod, "limits").isEmpty
        switch scope {
        case "Terminating": return ends
        case "NotTerminating": return !ends
        case "BestEffort": return !asks
        case "NotBestEffort": return asks
        case "PriorityClass": return pod["spec"]?["priorityClassName"]?.stringValue?.isEmpty == false
        default: return false
        }
    }

    private static func matches(_ pod: JSONObject, _ expression: JSONValue) -> Bool {
        let scope = expression["scopeName"]?.stringValue ?? ""
        guard scope == "PriorityClass" else {
            return (expression["operator"]?.stringValue == "DoesNotExist") != has(pod, scope)
        }
        let name = JSONValue.string(pod["spec"]?["priorityClassName"]?.stringValue ?? "")
        let values = expression["values"]?.arrayValue ?? []
        switch expression["operator"]?.stringValue {
        case "In": return values.contains(name)
        case "NotIn": return !values.contains(name)
        case "Exists": return name != ""
        case "DoesNotExist": return name == ""
        default: return false
        }
    }
}
