package import APIMachinery
internal import KubernetesAPI
import Synchronization

/// Something worth telling about a pod, with the texts that the kubelet uses.
package struct PodEvent: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case normal = "Normal", warning = "Warning" }
    package var kind: Kind
    package var reason: String
    package var message: String
    package var podName: String
    package var podNamespace: String
    package var podUID: PodUID
    /// `spec.containers{name}` for an event of a container; empty for one of the pod.
    package var fieldPath: String
    /// Empty for an event of the pod.
    package var container: String
    package var time: Timestamp
}

// Reasons of this program's own, beside the kubelet's.
extension PodEvent {
    /// What the pod asks for and the machine cannot give: a missing cgroup controller, a refused oom_score_adj.
    package static let notEnforced = "NotEnforced"
    /// A field of the pod that is not acted on; see ``UnsupportedFields``.
    package static let unsupportedField = "UnsupportedField"
}

/// Hands every event to everybody who listens.
package final class PodEventHub: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<PodEvent>.Continuation] = [:]
        var lastNumber = 0
    }
    private let state = Mutex(State())
    private let clock: any TimeSource

    package init(_ clock: any TimeSource) { self.clock = clock }

    /// Events from now on.
    package func listen() -> AsyncStream<PodEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: PodEvent.self)
        let number = state.withLock { state in
            state.lastNumber += 1
            state.listeners[state.lastNumber] = continuation
            return state.lastNumber
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    func send(_ kind: PodEvent.Kind, _ reason: String, _ message: String, _ pod: Pod, container: String? = nil) {
        let event = PodEvent(
            kind: kind, reason: reason, message: message, podName: pod.name, podNamespace: pod.namespace, podUID: pod.uid,
            fieldPath: container.map { pod.fieldPath(ofContainer: $0) } ?? "", container: container ?? "", time: clock.wallTime)
        let listeners = state.withLock { $0.listeners.sorted { $0.key < $1.key }.map(\.value) }
        for listener in listeners { listener.yield(event) }
    }
}
