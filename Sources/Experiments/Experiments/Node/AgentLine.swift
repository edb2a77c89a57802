internal import APIMachinery
package import Kubelet
internal import KubernetesAPI
import Synchronization

/// A node agent at work.
package struct ExperimentAgent: Sendable {
    package var kubelet: Kubelet
    /// Until the task is cancelled; the pods stay as they are.
    package var run: @Sendable () async throws -> Void

    package init(_ kubelet: Kubelet, run: @escaping @Sendable () async throws -> Void) { (self.kubelet, self.run) = (kubelet, run) }
}

/// The node agent of an experiment, and those that follow it when it is ended: each finds what the one before has left.
final class AgentLine: Sendable {
    private struct State {
        var agent: ExperimentAgent
        var deleted: Set<String> = []
        /// Ends the agent that is at work.
        var end: AsyncStream<Duration>.Continuation?
    }
    private let pods: [Pod]
    private let make: @Sendable () throws -> ExperimentAgent
    private let state: Mutex<State>

    init(_ pods: [Pod], make: @escaping @Sendable () throws -> ExperimentAgent) throws {
        self.pods = pods
        self.make = make
        state = Mutex(State(agent: try make()))
    }

    /// The latest one, which may be away.
    var kubelet: Kubelet { state.withLock { $0.agent.kubelet } }

    var names: [String] { pods.map { $0.metadata.name ?? "" } }

    func image(of pod: String, _ container: String) -> String {
        let spec = pods.first { $0.metadata.name == pod }?.spec
        return ((spec?.initContainers ?? []) + (spec?.containers ?? [])).first { $0.name == container }?.image ?? ""
    }

    func delete(_ uid: String, graceSeconds: Int64?) {
        let kubelet = state.withLock { state in
            state.deleted.insert(uid)
            return state.agent.kubelet
        }
        kubelet.delete(uid, gracePeriodSeconds: graceSeconds)
    }

    /// Ends the agent; another one begins so much later.
    func leave(for duration: Duration) { _ = state.withLock { $0.end?.yield(duration) } }

    /// Runs one agent after the other until the task is cancelled.
    func run(_ watch: NodeWatch) async throws {
        while true {
            let away = try await runOne(watch)
            guard let away, !Task.isCancelled else { return }
            await watch.sleep(away)
            guard !Task.isCancelled else { return }
            let next = try make()
            state.withLock { $0.agent = next }
        }
    }

    /// - Returns: How long nobody is to be there afterwards; nil: it ended by itself.
    private func runOne(_ watch: NodeWatch) async throws -> Duration? {
        let (ends, end) = AsyncStream.makeStream(of: Duration.self)
        let agent = state.withLock { state in
            state.end = end
            return state.agent
        }
        let (events, statuses) = (agent.kubelet.events(), agent.kubelet.statusUpdates())
        return try await withThrowingTaskGroup(of: Duration?.self) { group in
            group.addTask {
                for await event in events { watch.record.add(event, watch.elapsed()) }
                return await Self.never()
            }
            group.addTask {
                for await pod in statuses { for happening in watch.record.add(pod, watch.elapsed()) { watch.tell(happening) } }
                return await Self.never()
            }
            group.addTask {
                try await agent.run()
                return nil
            }
            group.addTask {
                for await duration in ends { return duration }
                return await Self.never()
            }
            let deleted = state.withLock { $0.deleted }
            agent.kubelet.setPods(pods.filter { !deleted.contains($0.metadata.uid ?? "") })
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Returns when the task is cancelled.
    private static func never() async -> Duration? {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        _ = continuation
        return nil
    }
}
