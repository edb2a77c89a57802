internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// What a controller has written and its informer has not shown yet: until then its copy is older than what it knows, and a decision from it would do
/// things twice.
final class OwnWrites<Object: KubernetesObject>: Sendable {
    private enum Expected {
        case revision(Int64)
        /// The object of this uid is gone.
        case absence(uid: String)
    }
    private struct Entry {
        var expected: Expected
        var since: Duration
    }
    /// A watch so late is down: what is known from elsewhere no longer counts.
    private static var patience: Duration { .seconds(300) }

    private let entries = Mutex<[ObjectKey: [ObjectKey: Entry]]>([:])
    private let informer: Informer<Object>
    private let time: any TimeSource

    init(_ informer: Informer<Object>, time: any TimeSource) {
        self.informer = informer
        self.time = time
    }

    /// - Parameter owner: For whom it was written.
    func wrote(_ object: Object, for owner: ObjectKey) {
        note(ObjectKey(object), .revision(object.metadata.resourceVersion.flatMap { Int64($0) } ?? 0), owner)
    }

    func deleted(_ object: Object, for owner: ObjectKey) {
        note(ObjectKey(object), .absence(uid: object.metadata.uid ?? ""), owner)
    }

    /// Whether the informer has shown all that was written for the owner.
    func areShown(for owner: ObjectKey) -> Bool {
        let now = time.now
        return entries.withLock { entries in
            let pending = (entries[owner] ?? [:]).filter { key, entry in
                now - entry.since < Self.patience && !isShown(key, entry.expected)
            }
            entries[owner] = pending.isEmpty ? nil : pending
            return pending.isEmpty
        }
    }

    private func note(_ key: ObjectKey, _ expected: Expected, _ owner: ObjectKey) {
        let entry = Entry(expected: expected, since: time.now)
        entries.withLock { $0[owner, default: [:]][key] = entry }
    }

    private func isShown(_ key: ObjectKey, _ expected: Expected) -> Bool {
        let shown = informer[key]
        switch expected {
        case .absence(let uid): return shown?.metadata.uid != uid
        case .revision(let revision):
            // An object that has come and gone meanwhile is not waited for longer than the patience.
            return (shown?.metadata.resourceVersion.flatMap { Int64($0) } ?? -1) >= revision
        }
    }
}
