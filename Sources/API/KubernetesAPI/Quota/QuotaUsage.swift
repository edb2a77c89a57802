package import APIMachinery

/// What objects of one kind use of a quota. Pure.
package struct QuotaUsage: Sendable {
    private let group: String
    private let plural: String

    package init(group: String, plural: String) {
        self.group = group
        self.plural = plural
    }

    package func of(_ object: JSONObject) -> [String: Quantity] {
        var usage = ["count/\(group.isEmpty ? plural : "\(plural).\(group)")": Quantity(1)]
        guard group.isEmpty else { return usage }
        if ["configmaps", "secrets", "replicationcontrollers", "resourcequotas", "services", "persistentvolumeclaims"].contains(
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

    /// One that has ended uses nothing but its place in `count/pods`.
    private func pod(_ object: JSONObject) -> [String: Quantity] {
        if ["Succeeded", "Failed"].contains(object["status"]?["phase"]?.stringValue ?? "") { return [:] }
        var usage = ["pods": Quantity(1)]
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
    package static func containers(of pod: JSONObject, without resource: String) -> [String] {
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
