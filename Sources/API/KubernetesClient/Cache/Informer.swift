package import APIMachinery
package import KubernetesAPI
import Synchronization

/// What changed in an informer's copy.
package enum InformerEvent<Object: KubernetesObject>: Sendable {
    case added(Object)
    case updated(old: Object, new: Object)
    case deleted(Object)
}

/// A copy of a collection, kept true by one list and one watch, shared by all that read it, with indexes.
///
/// Handlers are called one after the other in the order of the changes, after the copy has changed. They must be short: put a key into a
/// `WorkQueue`.
package final class Informer<Object: KubernetesObject>: Sendable {
    package typealias Handler = @Sendable (InformerEvent<Object>) -> Void
    /// The values under which an index finds an object.
    package typealias Index = @Sendable (Object) -> [String]

    private struct State {
        var cache: IndexedCache<Object>
        var revision: UInt64 = 0
        var handlers: [Handler] = []
        var isSynced = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>
    /// Held while handlers run, so that they see changes in order.
    private let delivery = Mutex(())
    private let resource: ResourceClient<Object>
    private let selection: ListOptions
    private let time: any TimeSource
    private let report: @Sendable (ClientError) -> Void

    /// - Parameters:
    ///   - selection: Only objects with these labels and fields.
    ///   - indexes: By name; see `objects(index:value:)`.
    ///   - report: Told of each failure; the informer goes on by itself.
    package init(
        _ resource: ResourceClient<Object>, selection: ListOptions = .init(), indexes: [String: Index] = [:],
        time: any TimeSource = MachineTime(), report: @escaping @Sendable (ClientError) -> Void = { _ in }
    ) {
        self.resource = resource
        self.selection = selection
        self.time = time
        self.report = report
        state = Mutex(State(cache: IndexedCache(indexes: indexes)))
    }

    /// Keeps the copy true until the task is cancelled.
    package func run() async {
        await Reflector(
            resource: resource, selection: selection, time: time, replace: { self.replace($0, revision: $1) }, apply: { self.apply($0) },
            report: report
        ).run()
    }

    /// Adds a handler; objects that are there already are told to it first, as added.
    package func addHandler(_ handler: @escaping Handler) {
        delivery.withLock { _ in
            let present = state.withLock { state in
                state.handlers.append(handler)
                return state.cache.all
            }
            for object in present { handler(.added(object)) }
        }
    }

    /// Adds an index, also while it runs. A name means the same index to everybody.
    package func addIndex(_ name: String, _ values: @escaping Index) {
        state.withLock { $0.cache.addIndex(name, values) }
    }

    /// Returns when the first list is in, or the task is cancelled.
    package func waitForSync() async {
        while !isSynced, !Task.isCancelled { await waitForRelease() }
    }

    private func waitForRelease() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !state.isSynced, !Task.isCancelled else { return false }
                    state.waiting.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            release()
        }
    }

    /// Up to which of the server's revisions the copy is true. A write whose answer has a greater one does not show yet.
    package var revision: UInt64 { state.withLock { $0.revision } }

    package var isSynced: Bool { state.withLock { $0.isSynced } }

    /// How many wait for the first list.
    var waiterCount: Int { state.withLock { $0.waiting.count } }

    package subscript(key: ObjectKey) -> Object? { state.withLock { $0.cache[key] } }

    /// All objects, or those of a namespace, in no order.
    package func objects(in namespace: String? = nil) -> [Object] {
        state.withLock { state in
            guard let namespace else { return state.cache.all }
            return state.cache.all.filter { ($0.metadata.namespace ?? "") == namespace }
        }
    }

    /// The objects that an index finds under a value.
    package func objects(index: String, value: String) -> [Object] {
        state.withLock { $0.cache.objects(index: index, value: value) }
    }

    // MARK: Changes

    private func replace(_ objects: [Object], revision: String) {
        deliver { state in
            state.revision = UInt64(revision) ?? state.revision
            return state.cache.replace(with: objects)
        }
        let waiting = state.withLock { state in
            state.isSynced = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func apply(_ event: WatchEvent<Object>) {
        deliver { state in
            if let revision = event.resourceVersion.flatMap({ UInt64($0) }) { state.revision = revision }
            return switch event {
            case .added(let object), .modified(let object): [state.cache.put(object)]
            case .deleted(let object): state.cache.remove(ObjectKey(object)).map { _ in [.deleted(object)] } ?? []
            case .bookmark: []
            }
        }
    }

    private func deliver(_ change: (inout State) -> [InformerEvent<Object>]) {
        delivery.withLock { _ in
            let (events, handlers) = state.withLock { (change(&$0), $0.handlers) }
            for event in events {
                for handler in handlers { handler(event) }
            }
        }
    }

    /// Lets every waiting task look whether it was cancelled: those that were not wait again.
    private func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
