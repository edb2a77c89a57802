/// A reader of changes. Iterate it once, from one task at a time.
///
/// It holds nothing but the revision it has come to: a reader that stays behind reads from the store's log, and ends with
/// `StorageError.compacted` when what it has not read is no longer kept. It ends with `closed` when the store closes.
package struct StorageWatch: AsyncSequence, Sendable {
    package typealias Element = [StorageEvent]
    package typealias Failure = StorageError

    let registration: WatchRegistration
    let start: WatchCursor

    package func makeAsyncIterator() -> Iterator { Iterator(registration: registration, cursor: start) }

    /// Ends the watch; what was not read is dropped. So does dropping the watch and its iterator.
    package func cancel() { registration.end() }

    package struct Iterator: AsyncIteratorProtocol {
        let registration: WatchRegistration
        var cursor: WatchCursor

        package mutating func next() async throws(StorageError) -> [StorageEvent]? {
            try await registration.hub.next(registration.id, &cursor)
        }
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(StorageError) -> [StorageEvent]? {
            try await registration.hub.next(registration.id, &cursor)
        }
    }
}

/// A watch's place in the hub, given up with its last owner.
final class WatchRegistration: Sendable {
    let hub: WatchHub
    let id: Int

    init(hub: WatchHub, id: Int) {
        self.hub = hub
        self.id = id
    }

    func end() { hub.remove(id) }

    deinit { end() }
}

/// What a watch wants and how far it has come.
struct WatchCursor: Sendable {
    var prefix: String
    /// Every event up to this revision has been delivered or is none of this watch's.
    var revision: Int64

    /// Goes to the end of some events that follow the cursor without gap; events before it are passed over.
    ///
    /// - Returns: Those that the watch is to see.
    mutating func advance(over events: some Collection<StorageEvent>, upTo end: Int64) -> [StorageEvent] {
        guard end > revision else { return [] }
        let matching = events.filter { $0.revision > revision && $0.key.hasBytePrefix(prefix) }
        revision = end
        return matching
    }
}

/// Ends an observation of the store.
package final class StorageObservation: Sendable {
    private let end: @Sendable () -> Void
    /// Every event after this revision is observed, none up to it.
    package let startRevision: Int64

    init(startRevision: Int64, end: @escaping @Sendable () -> Void) {
        self.startRevision = startRevision
        self.end = end
    }

    package func cancel() { end() }
}
