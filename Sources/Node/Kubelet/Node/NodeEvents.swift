internal import KubernetesAPI
import Synchronization

/// Events of the node itself. What is said before somebody listens is kept.
package final class NodeEvents: Sendable {
    package struct Item: Sendable, Hashable {
        package var kind: PodEvent.Kind
        package var reason: String
        package var message: String
    }
    private struct State {
        var kept: [Item] = []
        var listener: (@Sendable (Item) -> Void)?
    }
    private static let maxKept = 100
    private let state = Mutex(State())

    package init() {}

    func send(_ kind: PodEvent.Kind, _ reason: String, _ message: String) {
        let item = Item(kind: kind, reason: reason, message: message)
        let listener = state.withLock { state in
            if state.listener == nil, state.kept.count < Self.maxKept { state.kept.append(item) }
            return state.listener
        }
        listener?(item)
    }

    /// - Parameter listener: Gets what was kept first. Must be short.
    package func listen(_ listener: @escaping @Sendable (Item) -> Void) {
        let kept = state.withLock { state in
            state.listener = listener
            defer { state.kept = [] }
            return state.kept
        }
        for item in kept { listener(item) }
    }
}
