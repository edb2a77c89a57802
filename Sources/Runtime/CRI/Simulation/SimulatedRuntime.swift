import Synchronization

/// A container runtime without containers: everything happens as scripts say, at times of a simulated clock.
///
/// Keeps the rules of CRI v1 (states, idempotence, error codes), so that a node agent cannot tell the difference.
package final class SimulatedRuntime: RuntimeService {
    /// One thing that happened, for expected traces: `+12s start web/app#1`.
    package struct Entry: Sendable, Hashable, CustomStringConvertible {
        package let at: Duration
        package let text: String
        package var description: String {
            let milliseconds = at.components.seconds * 1_000 + at.components.attoseconds / 1_000_000_000_000_000
            let rest = milliseconds % 1_000
            return "+\(milliseconds / 1_000)\(rest == 0 ? "" : ".\(String(rest + 1_000).dropFirst())")s \(text)"
        }
    }
    struct Sandbox {
        var config: PodSandboxConfig
        var status: PodSandboxStatus
    }
    struct SimulatedContainer {
        var config: ContainerConfig
        var status: ContainerStatus
        var script: ContainerScript
        /// `pod/container#attempt`, for the journal.
        let name: String
        let ended = OneShot<Void>()
        var atEnd: [@Sendable () -> Void] = []

        init(config: ContainerConfig, status: ContainerStatus, script: ContainerScript, name: String) {
            self.config = config
            self.status = status
            self.script = script
            self.name = name
        }
    }
    struct State {
        var sandboxes: [String: Sandbox] = [:]
        var containers: [String: SimulatedContainer] = [:]
        var lastID = 0
        var lastAddress = 0
        var journal: [Entry] = []
        var subscribers: [Int: AsyncStream<ContainerEvent>.Continuation] = [:]
        var lastSubscriber = 0
    }

    package typealias ContainerScripts = @Sendable (PodSandboxMetadata, ContainerMetadata) -> ContainerScript
    package typealias SandboxScripts = @Sendable (PodSandboxMetadata) -> SandboxScript

    package let clock: SimulatedClock
    let containerScript: ContainerScripts
    let sandboxScript: SandboxScripts
    let state = Mutex(State())

    package init(
        clock: SimulatedClock, containers: @escaping ContainerScripts = { _, _ in .runsForever },
        sandboxes: @escaping SandboxScripts = { _ in SandboxScript() }
    ) {
        self.clock = clock
        containerScript = containers
        sandboxScript = sandboxes
    }

    /// Everything that happened so far, in order.
    package var journal: [Entry] { state.withLock { $0.journal } }

    /// The configuration of a sandbox or of a container, as it was handed over.
    package func sandboxConfig(_ id: String) -> PodSandboxConfig? { state.withLock { $0.sandboxes[id]?.config } }
    package func containerConfig(_ id: String) -> ContainerConfig? { state.withLock { $0.containers[id]?.config } }

    /// The id of the running instance of a container; nil: none runs.
    package func runningContainer(pod: String, name: String) -> String? {
        state.withLock { state in
            state.containers.values.first { container in
                container.status.state == .running && container.status.metadata.name == name
                    && state.sandboxes[container.status.sandboxID]?.config.metadata.name == pod
            }?.status.id
        }
    }

    /// The id of a pod's sandbox that is ready; nil: there is none.
    package func readySandbox(pod: String) -> String? {
        state.withLock { state in
            state.sandboxes.values.first { $0.config.metadata.name == pod && $0.status.state == .ready }?.status.id
        }
    }

    package func events() -> AsyncStream<ContainerEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ContainerEvent.self)
        let number = state.withLock { state in
            state.lastSubscriber += 1
            state.subscribers[state.lastSubscriber] = continuation
            return state.lastSubscriber
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.subscribers.removeValue(forKey: number) }
        }
        return stream
    }
}

extension SimulatedRuntime {
    func note(_ text: String, _ state: inout State) { state.journal.append(Entry(at: clock.elapsed, text: text)) }

    func send(_ event: ContainerEvent) {
        let subscribers = state.withLock { $0.subscribers.sorted { $0.key < $1.key }.map(\.value) }
        for subscriber in subscribers { subscriber.yield(event) }
    }

    func pause(_ duration: Duration) async {
        // A call of the runtime is not taken back when its caller loses interest.
        guard duration > .zero else { return }
        let over = OneShot<Void>()
        clock.schedule(at: clock.elapsed + duration) { over.set(()) }
        await over.wait()
    }

    static func newID(_ kind: String, _ state: inout State) -> String {
        state.lastID += 1
        return "\(kind)\(state.lastID)"
    }
}

extension Dictionary where Key == String, Value == String {
    /// Whether all of `wanted` are here with the same values.
    func matches(_ wanted: [String: String]) -> Bool { wanted.allSatisfy { self[$0.key] == $0.value } }
}
