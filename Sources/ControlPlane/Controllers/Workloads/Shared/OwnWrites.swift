internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// What a controller has written of a kind and its informer may not show yet. Counting before it shows would make everything twice.
///
/// A written object shows when the informer has reached the revision of the answer; a deleted one when it is gone, replaced, or being
/// deleted. Both are read off the informer's copy: no event can be missed. The event that brings the change enqueues the owner again.
final class OwnWrites<Object: KubernetesObject>: Sendable {
    private struct Pending {
        var revision: UInt64 = 0
        /// UIDs by name.
        var deletions: [ObjectKey: String] = [:]
        var last: Duration
    }
    /// Beyond it the writes count as seen: a server that was set back never shows them. As long as upstream's expectations live.
    static var patience: Duration { .seconds(300) }

    private let pending = Mutex<[ObjectKey: Pending]>([:])
    private let informer: Informer<Object>
    private let time: any TimeSource

    init(_ informer: Informer<Object>, time: any TimeSource) {
        self.informer = informer
        self.time = time
    }

    /// The object as the server answered a create, update or patch on behalf of an owner.
    func wrote(_ object: Object, for owner: ObjectKey) {
        guard let revision = object.metadata.resourceVersion.flatMap({ UInt64($0) }) else { return }
        change(owner) { $0.revision = max($0.revision, revision) }
    }

    /// To be called before the request, since its effect may show before its answer.
    func willDelete(_ object: Object, for owner: ObjectKey) {
        change(owner) { $0.deletions[ObjectKey(object)] = object.metadata.uid ?? "" }
    }

    func didNotDelete(_ object: Object, for owner: ObjectKey) {
        change(owner) { $0.deletions[ObjectKey(object)] = nil }
    }

    /// Whether the informer shows all of them.
    func areSeen(for owner: ObjectKey) -> Bool {
        guard let waiting = pending.withLock({ $0[owner] }) else { return true }
        let isSeen = informer.revision >= waiting.revision && waiting.deletions.allSatisfy { isGone($0.key, uid: $0.value) }
        guard isSeen || time.now - waiting.last > Self.patience else { return false }
        pending.withLock { $0[owner] = nil }
        return true
    }

    /// The owner is gone.
    func forget(_ owner: ObjectKey) { pending.withLock { $0[owner] = nil } }

    private func isGone(_ key: ObjectKey, uid: String) -> Bool {
        guard let object = informer[key] else { return true }
        return object.metadata.uid != uid || object.metadata.isBeingDeleted
    }

    private func change(_ owner: ObjectKey, _ body: (inout Pending) -> Void) {
        let now = time.now
        pending.withLock { pending in
            var own = pending[owner] ?? Pending(last: now)
            own.last = now
            body(&own)
            pending[owner] = own
        }
    }
}
