package import APIMachinery
internal import KubernetesAPI

/// Charges what is created to the quotas of its namespace, and refuses what does not fit.
///
/// The last to look: what it has charged is given back when the write fails afterwards.
package struct ResourceQuotaAdmission: AdmissionPlugin {
    package init() {}

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard let usage = Self.usage(attributes), !usage.isEmpty else { return }
        for quota in try await objects.list("resourcequotas", namespace: attributes.namespace) {
            guard QuotaScopes.match(quota, attributes.object ?? JSONObject(), isPod: attributes.isFor("pods")) else { continue }
            try checkSpecified(quota, attributes)
            try await charge(quota.name, usage, attributes, objects)
        }
    }

    package func didFail(_ attributes: AdmissionAttributes, _ objects: ObjectReader) async {
        guard let usage = Self.usage(attributes), !usage.isEmpty,
            let quotas = try? await objects.list("resourcequotas", namespace: attributes.namespace)
        else { return }
        let back = usage.mapValues { Quantity.zero - $0 }
        for quota in quotas where QuotaScopes.match(quota, attributes.object ?? JSONObject(), isPod: attributes.isFor("pods")) {
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
