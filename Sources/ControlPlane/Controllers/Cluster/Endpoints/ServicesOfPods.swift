internal import KubernetesAPI
internal import KubernetesClient

/// Tells a queue of each Service whose endpoints a change may concern.
struct ServicesOfPods: Sendable {
    static let namespaceIndex = "namespace"
    private let services: Informer<Service>
    private let pods: Informer<Pod>

    init(_ informers: SharedInformers) {
        services = informers.informer(Service.self)
        pods = informers.informer(Pod.self)
        services.addIndex(Self.namespaceIndex) { [$0.metadata.namespace ?? ""] }
        pods.addIndex(Self.namespaceIndex) { [$0.metadata.namespace ?? ""] }
    }

    /// The pods a Service selects, in the order of their names.
    func pods(of service: Service) -> [Pod] {
        pods.objects(index: Self.namespaceIndex, value: service.metadata.namespace ?? "").filter { service.selects($0) }
            .sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
    }

    func follow(_ queue: WorkQueue<ObjectKey>) {
        services.addHandler { event in
            switch event {
            case .added(let service), .updated(_, let service), .deleted(let service): queue.add(ObjectKey(service))
            }
        }
        pods.addHandler { [services] event in
            let states: [Pod]
            switch event {
            case .added(let pod), .deleted(let pod): states = [pod]
            case .updated(let old, let new):
                guard PodFace(old) != PodFace(new) else { return }
                states = old.metadata.labels == new.metadata.labels ? [new] : [old, new]
            }
            for service in services.objects(index: Self.namespaceIndex, value: states[0].metadata.namespace ?? "")
            where states.contains(where: service.selects) { queue.add(ObjectKey(service)) }
        }
    }

    /// What endpoints show of a pod.
    private struct PodFace: Equatable {
        var labels: [String: String]
        var isEligible: Bool
        var isTerminating: Bool
        var isReady: Bool
        var addresses: [PodIP]
        var names: [String?]

        init(_ pod: Pod) {
            labels = pod.metadata.labels
            isEligible = PodEndpoint.isEligible(pod, includesTerminating: true)
            isTerminating = pod.metadata.deletionTimestamp != nil
            isReady = pod.isReady
            addresses = pod.status.podIPs
            names = [pod.metadata.uid, pod.spec.nodeName, pod.spec.hostname, pod.spec.subdomain]
        }
    }
}
