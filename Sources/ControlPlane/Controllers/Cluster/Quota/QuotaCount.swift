internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What a quota counts: a pure reading of its `spec.hard`.
enum QuotaCount {
    /// Of these the objects themselves are looked at; of all others only their number counts.
    static let measured: Set<String> = ["pods", "services", "persistentvolumeclaims"]
    private static let plain: Set<String> = [
        "configmaps", "secrets", "replicationcontrollers", "resourcequotas", "services", "persistentvolumeclaims", "pods",
    ]

    /// The resources that a quota's names are about, as in `deployments.apps`.
    static func resources(of names: some Sequence<String>) -> Set<String> {
        Set(names.compactMap(resource))
    }

    private static func resource(of name: String) -> String? {
        if name.hasPrefix("count/") { return String(name.dropFirst("count/".count)) }
        if plain.contains(name) { return name }
        if name.hasPrefix("services.") { return "services" }
        if name == "requests.storage" || name.contains(".storageclass.storage.k8s.io/") { return "persistentvolumeclaims" }
        if ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("requests.") || name.hasPrefix("limits.") {
            return "pods"
        }
        return nil
    }

    /// What is used, as far as the quota limits it.
    ///
    /// - Parameters:
    ///   - usages: By object.
    static func used(hard: [String: Quantity], _ usages: some Sequence<[String: Quantity]>) -> [String: Quantity] {
        var sum = hard.mapValues { _ in Quantity.zero }
        for usage in usages {
            for (name, value) in usage where sum[name] != nil { sum[name] = (sum[name] ?? .zero) + value }
        }
        return sum
    }
}
