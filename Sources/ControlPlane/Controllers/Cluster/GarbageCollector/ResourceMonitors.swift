internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// A watch of the metadata of every resource that can be watched and deleted: those that the server has now, looked up again
/// when a definition of a custom kind changes, and now and then.
final class ResourceMonitors: Sendable {
    enum Change: Sendable {
        case replaced([ObjectMeta])
        case put(ObjectMeta)
        case removed(ObjectMeta)
    }

    /// Upstream's default: nobody owns by Events, and there are many.
    private static let ignored: Set<String> = ["events", "events.events.k8s.io"]
    private static let definitions = "customresourcedefinitions.apiextensions.k8s.io"
    private static let period = Duration.seconds(30)
    /// A definition's kind is served a moment after it is written.
    private static let settling = Duration.milliseconds(200)

    private struct State {
        var known: [DiscoveredResource: Task<Void, Never>] = [:]
        var unsynced: Set<DiscoveredResource> = []
        var byKind: [String: DiscoveredResource] = [:]
        var hasDiscovered = false
    }
    private let state = Mutex(State())
    private let client: Client
    private let time: any TimeSource
    private let executor: (any TaskExecutor)?
    private let report: @Sendable (String) -> Void
    private let tell: @Sendable (DiscoveredResource, Change) -> Void
    private let changes: WorkQueue<String>

    init(
        client: Client, time: any TimeSource, executor: (any TaskExecutor)?, report: @escaping @Sendable (String) -> Void,
        tell: @escaping @Sendable (DiscoveredResource, Change) -> Void
    ) {
        self.client = client
        self.time = time
        self.executor = executor
        self.report = report
        self.tell = tell
        changes = WorkQueue(time: time)
    }

    /// The resource of a kind, in whatever version.
    subscript(kind: GroupVersionKind) -> DiscoveredResource? { state.withLock { $0.byKind[Self.key(kind)] } }

    private static func key(_ kind: GroupVersionKind) -> String { "\(kind.kind).\(kind.group)" }

    /// Every resource has been listed once.
    var isSynced: Bool { state.withLock { $0.hasDiscovered && $0.unsynced.isEmpty } }

    /// Follows all resources until the task is cancelled.
    func run() async {
        changes.add("")
        while let key = await changes.next() {
            do throws(ClientError) {
                follow(try await client.discoverResources())
                changes.forget(key)
                changes.add(key, after: Self.period)
            } catch {
                report("discover resources: \(error)")
                changes.addRateLimited(key)
            }
            changes.done(key)
        }
        follow([])
    }

    private func follow(_ all: [DiscoveredResource]) {
        let wanted = all.filter { $0.verbs.isSuperset(of: ["list", "watch", "delete"]) && !Self.ignored.contains($0.name) }
        let gone = state.withLock { state in
            state.byKind = Dictionary(all.map { (Self.key($0.kind), $0) }) { first, _ in first }
            state.hasDiscovered = true
            let gone = state.known.filter { !wanted.contains($0.key) }
            for resource in gone.keys {
                state.known[resource] = nil
                state.unsynced.remove(resource)
            }
            for resource in wanted where state.known[resource] == nil {
                state.unsynced.insert(resource)
                let monitor = monitor(resource)
                // Ends in `follow([])`, when `run` ends.
                state.known[resource] = Task(executorPreference: executor) { await monitor.run() }
            }
            return gone
        }
        for (resource, task) in gone {
            task.cancel()
            if !Task.isCancelled { tell(resource, .replaced([])) }
        }
    }

    private func monitor(_ resource: DiscoveredResource) -> MetadataMonitor {
        MetadataMonitor(
            resource, client: client, time: time,
            replace: { [self] in
                tell(resource, .replaced($0))
                state.withLock { _ = $0.unsynced.remove(resource) }
            },
            put: { [self] in
                tell(resource, .put($0))
                noteDefinition(resource)
            },
            remove: { [self] in
                tell(resource, .removed($0))
                noteDefinition(resource)
            },
            report: { [report] in report("watch \(resource.name): \($0)") })
    }

    private func noteDefinition(_ resource: DiscoveredResource) {
        if resource.name == Self.definitions { changes.add("", after: Self.settling) }
    }
}
