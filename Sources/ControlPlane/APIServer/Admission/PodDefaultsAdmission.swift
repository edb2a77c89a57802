package import APIMachinery

/// Pods that say nothing of them tolerate nodes that are not ready or not reachable for five minutes.
package struct DefaultTolerationSeconds: AdmissionPlugin {
    private static let seconds: Int64 = 300

    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("pods"), attributes.operation == .create || attributes.operation == .update,
            var object = attributes.object
        else { return }
        var tolerations = object["spec"]?["tolerations"]?.arrayValue ?? []
        let count = tolerations.count
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] where !Self.isTolerated(key, tolerations) {
            tolerations.append([
                "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": .integer(Self.seconds),
            ])
        }
        guard tolerations.count > count else { return }
        object.setSpec("tolerations", .array(tolerations))
        attributes.object = object
    }

    private static func isTolerated(_ key: String, _ tolerations: [JSONValue]) -> Bool {
        tolerations.contains { toleration in
            let ownKey = toleration["key"]?.stringValue ?? ""
            let effect = toleration["effect"]?.stringValue ?? ""
            return (ownKey == key || ownKey.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
        }
    }
}

/// Turns a pod's priority class into its number.
package struct PriorityAdmission: AdmissionPlugin {
    private static let systemClasses = ["system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000]

    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("pods"), var object = attributes.object else { return }
        if attributes.operation == .update { return keep(&attributes) }
        guard attributes.operation == .create else { return }
        var name = object["spec"]?["priorityClassName"]?.stringValue ?? ""
        var (priority, policy): (Int64, String?) = (0, nil)
        if name.isEmpty {
            if let global = try await globalDefault(objects) {
                name = global.name
                (priority, policy) = Self.values(of: global)
            }
        } else {
            guard let found = try await objects.get(group: "scheduling.k8s.io", "priorityclasses", name: name) else {
                guard let value = Self.systemClasses[name] else {
                    throw attributes.forbidden("no PriorityClass with name \(name) was found")
                }
                return set(&attributes, &object, name, Int64(value), "PreemptLowerPriority")
            }
            (priority, policy) = Self.values(of: found)
        }
        try check(object, priority, policy, attributes)
        set(&attributes, &object, name, priority, policy ?? "PreemptLowerPriority")
    }

    /// An update that leaves them out keeps them.
    private func keep(_ attributes: inout AdmissionAttributes) {
        guard var object = attributes.object, let old = attributes.old else { return }
        for field in ["priority", "preemptionPolicy"] where object["spec"]?[field] == nil {
            if let value = old["spec"]?[field] { object.setSpec(field, value) }
        }
        attributes.object = object
    }

    private func set(
        _ attributes: inout AdmissionAttributes, _ object: inout JSONObject, _ name: String, _ priority: Int64, _ policy: String
    ) {
        if !name.isEmpty { object.setSpec("priorityClassName", .string(name)) }
        object.setSpec("priority", .integer(priority))
        object.setSpec("preemptionPolicy", .string(policy))
        attributes.object = object
    }

    private func check(_ object: JSONObject, _ priority: Int64, _ policy: String?, _ attributes: AdmissionAttributes) throws(Status) {
        if let given = object["spec"]?["priority"]?.integerValue, given != priority {
            throw attributes.forbidden(
                "the integer value of priority (\(given)) must not be provided in pod spec; priority admission controller computed "
                    + "\(priority) from the given PriorityClass name")
        }
        let policy = policy ?? "PreemptLowerPriority"
        if let given = object["spec"]?["preemptionPolicy"]?.stringValue, given != policy {
            throw attributes.forbidden(
                "the string value of PreemptionPolicy (\(given)) must not be provided in pod spec; priority admission controller "
                    + "computed \(policy) from the given PriorityClass name")
        }
    }

    private static func values(of object: JSONObject) -> (Int64, String?) {
        (object["value"]?.integerValue ?? 0, object["preemptionPolicy"]?.stringValue ?? "PreemptLowerPriority")
    }

    /// The lowest of those that are marked, as upstream takes it.
    private func globalDefault(_ objects: ObjectReader) async throws(Status) -> JSONObject? {
        try await objects.list(group: "scheduling.k8s.io", "priorityclasses").filter { $0["globalDefault"]?.boolValue == true }
            .min { ($0["value"]?.integerValue ?? 0) < ($1["value"]?.integerValue ?? 0) }
    }
}

extension JSONObject {
    mutating func setSpec(_ name: String, _ value: JSONValue?) {
        var spec = self["spec"] ?? .object(JSONObject())
        spec[name] = value
        self["spec"] = spec
    }
}
