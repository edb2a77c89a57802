internal import APIMachinery
package import Storage
import Synchronization

/// Some of the store's objects in memory, read, and kept as they change: a write is seen here when it is acknowledged.
///
/// The body that reads a value is called where commits are made: it must be short.
package final class StoredMirror<Value: Sendable>: Sendable {
    private struct State {
        var values: [String: Entry] = [:]
        /// What changed before the first list was there.
        var early: [StorageEvent]? = []
        var generation = 0
    }
    private struct Entry {
        var value: Value
        var revision: Int64
    }

    private let prefixes: [String]
    private let read: @Sendable (String, [UInt8]) -> Value?
    private let state = Mutex(State())
    private let observation = Mutex<StorageObservation?>(nil)

    /// - Parameter read: Makes a value of a key and its bytes; nil for what is not kept.
    package init(
        _ storage: any StorageBackend, prefixes: [String], read: @escaping @Sendable (_ key: String, _ bytes: [UInt8]) -> Value?
    ) async throws(StorageError) {
        self.prefixes = prefixes
        self.read = read
        let observation = storage.observe { [weak self] in self?.take($0) }
        self.observation.withLock { $0 = observation }
        for prefix in prefixes {
            let list = try await storage.list(prefix: prefix, after: nil, limit: nil, at: nil)
            state.withLock { state in
                for object in list.objects {
                    if let value = read(object.key, object.value) {
                        state.values[object.key] = Entry(value: value, revision: object.modRevision)
                    }
                }
            }
        }
        state.withLock { state in
            let early = state.early ?? []
            state.early = nil
            for event in early { apply(event, to: &state) }
        }
    }

    deinit { observation.withLock { $0?.cancel() } }

    /// Grows with every change.
    package var generation: Int { state.withLock { $0.generation } }

    package subscript(key: String) -> Value? { state.withLock { $0.values[key]?.value } }

    /// All values, and the generation that they are the state of.
    package func all() -> (values: [Value], generation: Int) {
        state.withLock { ($0.values.values.map(\.value), $0.generation) }
    }

    private func take(_ events: [StorageEvent]) {
        let mine = events.filter { event in prefixes.contains { event.key.hasPrefix($0) } }
        guard !mine.isEmpty else { return }
        state.withLock { state in
            if state.early != nil {
                state.early?.append(contentsOf: mine)
            } else {
                for event in mine { apply(event, to: &state) }
            }
        }
    }

    private func apply(_ event: StorageEvent, to state: inout State) {
        if let entry = state.values[event.key], entry.revision >= event.revision { return }
        state.generation += 1
        if event.kind == .deleted {
            state.values[event.key] = nil
        } else if let value = read(event.key, event.value) {
            state.values[event.key] = Entry(value: value, revision: event.revision)
        } else {
            state.values[event.key] = nil
        }
    }
}
