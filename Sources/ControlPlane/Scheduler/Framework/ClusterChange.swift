/// Something that happened in the cluster and may make a refused pod schedulable.
package enum ClusterChange: Sendable {
    case nodeAdded(NodeInfo)
    case nodeUpdated(old: NodeInfo, new: NodeInfo)
    /// A pod has come to a node.
    case podPlaced(PodInfo)
    /// A pod on a node has changed.
    case placedPodUpdated(old: PodInfo, new: PodInfo)
    /// A pod has left its node.
    case podRemoved(PodInfo)
    /// The waiting pod itself has changed.
    case waitingPodUpdated(old: PodInfo, new: PodInfo)
    case volumes(VolumeChange)
    /// A namespace has other labels.
    case namespaceChanged
    /// A resource slice, a service or whatever else a plugin of a library's user asks for.
    case other(String)

    package enum VolumeChange: Sendable {
        case claimChanged(String)
        case volumeChanged
        case classChanged
        case nodeLimitsChanged(String)
    }

    package struct Kinds: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let nodes = Kinds(rawValue: 1)
        package static let podPlaced = Kinds(rawValue: 2)
        package static let placedPodUpdated = Kinds(rawValue: 4)
        package static let podRemoved = Kinds(rawValue: 8)
        package static let waitingPod = Kinds(rawValue: 16)
        package static let volumes = Kinds(rawValue: 32)
        package static let namespaces = Kinds(rawValue: 64)
        package static let other = Kinds(rawValue: 128)
        package static let all = Kinds(rawValue: 255)
    }

    package var kind: Kinds {
        switch self {
        case .nodeAdded, .nodeUpdated: .nodes
        case .podPlaced: .podPlaced
        case .placedPodUpdated: .placedPodUpdated
        case .podRemoved: .podRemoved
        case .waitingPodUpdated: .waitingPod
        case .volumes: .volumes
        case .namespaceChanged: .namespaces
        case .other: .other
        }
    }

    /// For the record: what woke a pod.
    package var label: String {
        switch self {
        case .nodeAdded(let node): "node \(node.name) added"
        case .nodeUpdated(_, let node): "node \(node.name) changed"
        case .podPlaced(let pod): "pod \(pod.key) assigned"
        case .placedPodUpdated(_, let pod): "pod \(pod.key) changed"
        case .podRemoved(let pod): "pod \(pod.key) gone"
        case .waitingPodUpdated: "the pod changed"
        case .volumes(.claimChanged(let key)): "claim \(key) changed"
        case .volumes(.volumeChanged): "a volume changed"
        case .volumes(.classChanged): "a storage class changed"
        case .volumes(.nodeLimitsChanged(let node)): "volume limits of \(node) changed"
        case .namespaceChanged: "a namespace's labels changed"
        case .other(let what): what
        }
    }
}
