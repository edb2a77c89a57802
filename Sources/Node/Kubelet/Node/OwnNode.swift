internal import CRI
internal import KubernetesAPI
import Synchronization

/// This node's object as the API server has it, or last had it.
final class OwnNode: Sendable {
    private let state = Mutex<Node?>(nil)
    /// The object has been seen.
    let found = OneShot<Void>()
    /// The object has said that the node is ready.
    let ready = OneShot<Void>()

    /// nil until it was first seen.
    var object: Node? { state.withLock { $0 } }

    func see(_ node: Node) {
        state.withLock { $0 = node }
        found.set(())
        if node.status.conditions.contains(where: { $0.type == "Ready" && $0.status == "True" }) { ready.set(()) }
    }

    /// It was deleted.
    func forget() { state.withLock { $0 = nil } }
}
