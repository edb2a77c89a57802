package import APIMachinery
package import KubernetesAPI
import Synchronization

/// One informer for each kind, over all namespaces, shared by all components of a process that read it: one list, one watch, one copy.
package final class SharedInformers: Sendable {
    private struct State {
        /// `Informer<Object>` by the kind of Object.
        var informers: [GroupVersionKind: any Sendable] = [:]
        var syncs: [@Sendable () async -> Void] = []
    }
    private let state = Mutex(State())
    private let client: Client
    private let time: any TimeSource
    private let report: @Sendable (ClientError) -> Void
    private let runs: AsyncStream<@Sendable () async -> Void>
    private let hand: AsyncStream<@Sendable () async -> Void>.Continuation

    /// - Parameter report: Told of each failure; the informers go on by themselves.
    package init(_ client: Client, time: any TimeSource = MachineTime(), report: @escaping @Sendable (ClientError) -> Void = { _ in }) {
        self.client = client
        self.time = time
        self.report = report
        (runs, hand) = AsyncStream.makeStream()
    }

    /// The informer of a kind: the same one for all who ask. One that is asked for while `run` runs starts at once.
    package func informer<Object: KubernetesObject>(_ type: Object.Type) -> Informer<Object> {
        state.withLock { state in
            if let known = state.informers[type.groupVersionKind] as? Informer<Object> { return known }
            let new = Informer(client.resource(type), time: time, report: report)
            state.informers[type.groupVersionKind] = new
            state.syncs.append { await new.waitForSync() }
            hand.yield { await new.run() }
            return new
        }
    }

    /// Keeps all of them true until the task is cancelled. Once only.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await run in runs { group.addTask { await run() } }
            group.cancelAll()
        }
    }

    /// Returns when every informer that has been asked for so far has its first list, or the task is cancelled.
    package func waitForSync() async {
        for sync in state.withLock({ $0.syncs }) { await sync() }
    }
}
