internal import APIMachinery
internal import Storage
import Synchronization

/// One change of a resource's objects, shared by all its watchers.
final class Change: Sendable {
    enum Kind: Sendable { case created, updated, deleted }

    let kind: Kind
    let revision: Int64
    /// The object after the change; of a deletion as it was last.
    let item: StoredItem
    /// The object before; nil for a creation.
    let previous: StoredItem?
    /// What has been encoded already. Emptied when every watcher has been served.
    private let frames = Mutex<[FrameKey: [UInt8]]>([:])

    struct FrameKey: Hashable {
        var type: WatchEventType
        var format: ResponseFormat
        /// The version that the object is served in; several serve one store.
        var apiVersion: String
    }

    init(kind: Kind, revision: Int64, item: StoredItem, previous: StoredItem?) {
        self.kind = kind
        self.revision = revision
        self.item = item
        self.previous = previous
    }

    /// The bytes of an event, encoded when the first watcher asks for them.
    func frame(_ key: FrameKey, _ encode: () -> [UInt8]) -> [UInt8] {
        if let frame = frames.withLock({ $0[key] }) { return frame }
        let frame = encode()
        frames.withLock { $0[key] = frame }
        return frame
    }

    func dropFrames() { frames.withLock { $0 = [:] } }
}

extension Change: Revisioned {
    var sizeBytes: Int { item.value.count + (previous?.value.count ?? 0) }
}

extension RecentLog<Change> {
    /// The latest changes of a resource, from which watches begin and go on. Older ones are read from the store.
    init(behind revision: Int64) { self.init(floor: revision, countMax: 512, bytesMax: 32 << 20) }
}

/// What happened, as a watcher is told it.
enum WatchEventType: String, Hashable, Sendable {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
    case bookmark = "BOOKMARK"
    case error = "ERROR"
}
