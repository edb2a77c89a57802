internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// The pods of this node as the API server has them, the newest that is known of each: from the watch, or from the answer to a write.
final class KnownPods: Sendable {
    private struct State {
        var pods: [PodUID: Pod] = [:]
        /// Those that stand for static pods.
        var mirrors: [ObjectKey: Pod] = [:]
    }
    private let state = Mutex(State())

    /// What a pod's status is written to; nil when the server has nothing for it.
    func object(of entry: PodEntry) -> Pod? {
        switch entry.source {
        case .api: return state.withLock { $0.pods[entry.uid] }
        case .file:
            let pod = entry.pod
            guard let mirror = mirror(ObjectKey(pod)), MirrorPod.isOf(pod, mirror) else { return nil }
            return mirror
        case .nobody: return nil
        }
    }

    func mirror(_ key: ObjectKey) -> Pod? { state.withLock { $0.mirrors[key] } }
    var mirrorKeys: [ObjectKey] { state.withLock { Array($0.mirrors.keys) } }

    /// Takes an object in, unless a newer one is known.
    func see(_ pod: Pod) {
        state.withLock { state in
            let key = ObjectKey(pod)
            guard MirrorPod.isOne(pod) else { return state.pods[pod.uid] = Self.newer(state.pods[pod.uid], pod) }
            let known = state.mirrors[key]
            state.mirrors[key] = known?.uid == pod.uid ? Self.newer(known, pod) : pod
        }
    }

    func remove(_ pod: Pod) {
        state.withLock { state in
            state.pods[pod.uid] = nil
            if state.mirrors[ObjectKey(pod)]?.uid == pod.uid { state.mirrors[ObjectKey(pod)] = nil }
        }
    }

    /// Revisions of one server are numbers that grow; one that is none is taken as news.
    private static func newer(_ known: Pod?, _ other: Pod) -> Pod {
        guard let known, let before = known.metadata.resourceVersion.flatMap({ UInt64($0) }),
            let after = other.metadata.resourceVersion.flatMap({ UInt64($0) })
        else { return other }
        return after < before ? known : other
    }
}
