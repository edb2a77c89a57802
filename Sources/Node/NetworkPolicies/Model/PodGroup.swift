internal import APIMachinery

/// Pods that a peer of a policy names. Equal ones share a set in the kernel, whichever policies name them.
struct PodGroup: Hashable, Sendable {
    enum Namespaces: Hashable, Sendable {
        case one(String)
        case matching(Selector)
    }
    var namespaces: Namespaces
    var pods: Selector

    /// - Parameter namespaceLabels: Of the pod's namespace.
    func contains(_ pod: PolicyPod, namespaceLabels: @autoclosure () -> [String: String]) -> Bool {
        switch namespaces {
        case .one(let name): guard pod.key.namespace == name else { return false }
        case .matching(let selector): guard selector.isEmpty || selector.matches(namespaceLabels()) else { return false }
        }
        return pods.matches(pod.labels)
    }
}

/// A port that a policy calls by its name: it means another number with each pod.
struct PortName: Hashable, Comparable, Sendable {
    var transport: TransportProtocol
    var name: String

    static func < (left: PortName, right: PortName) -> Bool {
        (left.name, left.transport.rawValue) < (right.name, right.transport.rawValue)
    }
}

/// As nft(8) and Kubernetes write it, in small letters.
enum TransportProtocol: String, Hashable, Sendable {
    case tcp, udp, sctp

    /// - Parameter name: `TCP`, `UDP`, `SCTP`; TCP when there is none.
    init?(kubernetes name: String?) {
        self.init(rawValue: (name ?? "TCP").lowercased())
    }
}
