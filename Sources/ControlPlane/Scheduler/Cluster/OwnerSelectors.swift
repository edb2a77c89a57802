package import APIMachinery
package import KubernetesClient

/// The selectors of services and of the workloads that own pods: by them pods that name no constraint of their own are spread.
package struct OwnerSelectors: Sendable {
    /// Selectors of services by namespace and name.
    private var services: [String: [String: [String: String]]] = [:]
    /// Selectors of workloads by kind and UID.
    private var workloads: [String: Selector] = [:]

    package init() {}

    /// - Parameter selector: nil when the service is gone or selects nothing.
    package mutating func setService(_ key: ObjectKey, selector: [String: String]?) {
        services[key.namespace, default: [:]][key.name] = selector.flatMap { $0.isEmpty ? nil : $0 }
    }

    package mutating func setWorkload(uid: String, selector: Selector?) { workloads[uid] = selector }

    /// What selects the pods that are of one kind with a pod: the labels that its services ask for and its owner's selector, together.
    ///
    /// - Returns: nil when nothing selects it.
    package func selector(of pod: PodInfo) -> Selector? {
        var labels: [String: String] = [:]
        for selector in (services[pod.key.namespace] ?? [:]).values where selector.allSatisfy({ pod.labels[$0.key] == $0.value }) {
            labels.merge(selector) { first, _ in first }
        }
        var selector = Selector(equalTo: labels)
        let owner = pod.pod.metadata.ownerReferences.first { $0.controller == true }
        if let owner, let own = workloads[owner.uid] {
            selector.requirements += own.requirements.filter { !selector.requirements.contains($0) }
        }
        return selector.isEmpty ? nil : selector
    }
}
