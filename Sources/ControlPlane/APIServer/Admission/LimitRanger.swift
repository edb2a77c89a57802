package import APIMachinery
internal import KubernetesAPI

/// Fills in the resources that a namespace's LimitRanges give to containers that ask for none, and refuses what lies outside of them.
package struct LimitRanger: AdmissionPlugin {
    package init() {}

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard attributes.isFor("pods"), attributes.operation == .create, var pod = attributes.object else { return }
        for range in try await objects.list("limitranges", namespace: attributes.namespace) { Self.fill(&pod, range) }
        attributes.object = pod
    }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        let isPod = attributes.isFor("pods") && attributes.operation == .create
        let isClaim = attributes.isFor("persistentvolumeclaims") && attributes.operation != .delete
        guard isPod || isClaim, let object = attributes.object else { return }
        for range in try await objects.list("limitranges", namespace: attributes.namespace) {
            var problems: [String] = []
            for limit in range["spec"]?["limits"]?.arrayValue ?? [] {
                problems += isPod ? LimitCheck.pod(object, limit) : LimitCheck.claim(object, limit)
            }
            var unique: [String] = []
            for problem in problems where !unique.contains(problem) { unique.append(problem) }
            guard unique.isEmpty else {
                throw attributes.forbidden(unique.count == 1 ? unique[0] : "[\(unique.joined(separator: ", "))]")
            }
        }
    }

    private static func fill(_ pod: inout JSONObject, _ range: JSONObject) {
        guard let limit = range["spec"]?["limits"]?.arrayValue?.first(where: { $0["type"]?.stringValue == "Container" }) else { return }
        let (limits, requests) = (limit["default"]?.objectValue ?? JSONObject(), limit["defaultRequest"]?.objectValue ?? JSONObject())
        var notes: [String] = []
        for (field, word) in [("containers", "container"), ("initContainers", "init container")] {
            guard var containers = pod["spec"]?[field]?.arrayValue else { continue }
            for index in containers.indices {
                let name = containers[index]["name"]?.stringValue ?? ""
                notes += fill(&containers[index], "requests", requests).map { "\($0) request for \(word) \(name)" }
                notes += fill(&containers[index], "limits", limits).map { "\($0) limit for \(word) \(name)" }
            }
            pod.setSpec(field, .array(containers))
        }
        guard !notes.isEmpty else { return }
        var annotations = pod["metadata"]?["annotations"] ?? .object(JSONObject())
        annotations["kubernetes.io/limit-ranger"] = .string("LimitRanger plugin set: \(notes.joined(separator: "; "))")
        pod.setMetadata("annotations", annotations)
    }

    /// - Returns: The names that were filled in.
    private static func fill(_ container: inout JSONValue, _ field: String, _ defaults: JSONObject) -> [String] {
        guard !defaults.isEmpty else { return [] }
        var resources = container["resources"] ?? .object(JSONObject())
        var values = resources[field] ?? .object(JSONObject())
        var names: [String] = []
        for member in defaults.members where values[member.key] == nil {
            values[member.key] = member.value
            names.append(member.key)
        }
        guard !names.isEmpty else { return [] }
        resources[field] = values
        container["resources"] = resources
        return names.sorted()
    }
}

/// Compares what is asked for with one limit of a LimitRange. Pure.
enum LimitCheck {
    static func pod(_ pod: JSONObject, _ limit: JSONValue) -> [String] {
        let type = limit["type"]?.stringValue ?? ""
        switch type {
        case "Container":
            let containers = ["containers", "initContainers"].flatMap { pod["spec"]?[$0]?.arrayValue ?? [] }
            return containers.flatMap { problems(type, limit, quantities($0, "requests"), quantities($0, "limits")) }
        case "Pod":
            let total = { (field: String) in PodResources.total(pod, field) }
            return problems(type, limit, total("requests"), total("limits"))
        default: return []
        }
    }

    static func claim(_ claim: JSONObject, _ limit: JSONValue) -> [String] {
        guard limit["type"]?.stringValue == "PersistentVolumeClaim" else { return [] }
        let requests = PodResources.quantities(claim["spec"]?["resources"]?["requests"])
        return problems("PersistentVolumeClaim", limit, requests, [:])
    }

    private static func quantities(_ container: JSONValue, _ field: String) -> [String: Quantity] {
        PodResources.quantities(container["resources"]?[field])
    }

    private static func problems(
        _ type: String, _ limit: JSONValue, _ requests: [String: Quantity], _ limits: [String: Quantity]
    ) -> [String] {
        minimum(type, limit, requests, limits) + maximum(type, limit, requests, limits) + ratio(type, limit, requests, limits)
    }

    private static func sorted(_ value: JSONValue?) -> [(key: String, value: Quantity)] {
        PodResources.quantities(value).sorted { $0.key < $1.key }
    }

    private static func minimum(
        _ type: String, _ limit: JSONValue, _ requests: [String: Quantity], _ limits: [String: Quantity]
    ) -> [String] {
        sorted(limit["min"]).flatMap { name, enforced -> [String] in
            guard let request = requests[name] else {
                return ["minimum \(name) usage per \(type) is \(enforced).  No request is specified"]
            }
            var texts: [String] = []
            if request < enforced { texts.append("minimum \(name) usage per \(type) is \(enforced), but request is \(request)") }
            if let own = limits[name], own < enforced {
                texts.append("minimum \(name) usage per \(type) is \(enforced), but limit is \(own)")
            }
            return texts
        }
    }

    private static func maximum(
        _ type: String, _ limit: JSONValue, _ requests: [String: Quantity], _ limits: [String: Quantity]
    ) -> [String] {
        sorted(limit["max"]).flatMap { name, enforced -> [String] in
            var texts: [String] = []
            if type == "PersistentVolumeClaim" {
                guard let request = requests[name] else { return [] }
                return enforced < request ? ["maximum \(name) usage per \(type) is \(enforced), but request is \(request)"] : []
            }
            guard let own = limits[name] else { return ["maximum \(name) usage per \(type) is \(enforced).  No limit is specified"] }
            if enforced < own { texts.append("maximum \(name) usage per \(type) is \(enforced), but limit is \(own)") }
            if let request = requests[name], enforced < request {
                texts.append("maximum \(name) usage per \(type) is \(enforced), but request is \(request)")
            }
            return texts
        }
    }

    private static func ratio(
        _ type: String, _ limit: JSONValue, _ requests: [String: Quantity], _ limits: [String: Quantity]
    ) -> [String] {
        sorted(limit["maxLimitRequestRatio"]).compactMap { name, enforced -> String? in
            guard let request = requests[name], request.doubleValue != 0 else {
                return "\(name) max limit to request ratio per \(type) is \(enforced), but no request is specified or request is 0"
            }
            guard let own = limits[name] else {
                return "\(name) max limit to request ratio per \(type) is \(enforced), but no limit is specified or limit is 0"
            }
            let provided = own.doubleValue / request.doubleValue
            guard provided > enforced.doubleValue else { return nil }
            return "\(name) max limit to request ratio per \(type) is \(enforced), but provided ratio is \(sixDigits(provided))"
        }
    }

    /// As Go prints `%f`.
    private static func sixDigits(_ value: Double) -> String {
        let millionths = Int64((value * 1_000_000).rounded())
        let rest = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - rest.count))\(rest)"
    }
}
