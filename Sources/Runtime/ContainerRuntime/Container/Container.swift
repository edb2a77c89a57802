internal import CRI
internal import LinuxSystem
internal import Synchronization

/// One container: what it was asked to be, and where it is in its life.
final class Container: Sendable {
    let id: String
    let sandbox: Sandbox
    let config: ContainerConfig
    let image: ImageFacts
    /// Nanoseconds since the epoch.
    let createdAt: Int64
    /// Resolved once, when the container was created or found again.
    let spec: ContainerSpec
    /// Completed when the container is in the state exited.
    let ended = CompletionSignal()

    private struct State {
        var lifecycle: ContainerLifecycle
        var resources: LinuxContainerResources
        var unenforced: [String] = []
        var isRemoving = false
        /// It shall be killed as soon as it is there.
        var isDoomed = false
        var process: PinnedProcess?
        /// Numbers the processes that join the container.
        var execCount = 0
    }
    private let state: Mutex<State>

    init(
        record: ContainerRecord, sandbox: Sandbox, spec: ContainerSpec, lifecycle: ContainerLifecycle = ContainerLifecycle()
    ) {
        id = record.id
        self.sandbox = sandbox
        config = record.config
        image = record.image
        createdAt = record.createdAt
        self.spec = spec
        state = Mutex(State(lifecycle: lifecycle, resources: record.config.resources))
        if case .exited = lifecycle.state { ended.complete() }
    }

    var lifecycle: ContainerLifecycle.State { state.withLock { $0.lifecycle.state } }
    var isRemoving: Bool { state.withLock { $0.isRemoving } }
    var resources: LinuxContainerResources { state.withLock { $0.resources } }

    var isRunning: Bool { if case .running = lifecycle { true } else { false } }

    /// Whether its process may be alive: between the request to start it and the word of its end.
    var mayRun: Bool {
        switch lifecycle {
        case .starting, .running: true
        case .created, .exited: false
        }
    }

    /// Wakes those who wait for the end, when this event was it.
    @discardableResult
    func handle(_ event: ContainerLifecycle.Event) -> ContainerLifecycle.Effect {
        let (effect, hasEnded) = state.withLock { state in
            let effect = state.lifecycle.handle(event)
            guard effect == .changed, case .exited = state.lifecycle.state else { return (effect, false) }
            state.process = nil
            return (effect, true)
        }
        if hasEnded { ended.complete() }
        return effect
    }

    /// - Returns: False when somebody is removing it already.
    func beginRemoval() -> Bool {
        state.withLock { state in
            defer { state.isRemoving = true }
            return !state.isRemoving
        }
    }

    var isDoomed: Bool { state.withLock { $0.isDoomed } }
    func doom() { state.withLock { $0.isDoomed = true } }
    func setUnenforced(_ lines: [String]) { state.withLock { $0.unenforced = lines } }
    func setResources(_ resources: LinuxContainerResources) { state.withLock { $0.resources = resources } }

    var process: PinnedProcess? {
        get { state.withLock { $0.process } }
        set { state.withLock { if case .running = $0.lifecycle.state { $0.process = newValue } } }
    }

    func nextExecID() -> String {
        let number = state.withLock { state in
            state.execCount += 1
            return state.execCount
        }
        return "\(id).exec-\(number)"
    }
}

// MARK: - Paths

extension Container {
    /// Empty: the output is discarded.
    var logPath: String {
        guard !config.logPath.isEmpty else { return "" }
        let directory = sandbox.config.logDirectory
        return directory.isEmpty ? config.logPath : "\(directory)/\(config.logPath)"
    }

    var exitRecordPath: String { sandbox.layout.exitRecord(id) }
}

extension Container {
    var record: ContainerRecord {
        ContainerRecord(id: id, sandboxID: sandbox.id, config: config, image: image, createdAt: createdAt)
    }
}

// MARK: - Status

extension Container {
    var status: ContainerStatus {
        let (lifecycle, resources, unenforced) = state.withLock { ($0.lifecycle.state, $0.resources, $0.unenforced) }
        var status = ContainerStatus(
            id: id, sandboxID: sandbox.id, metadata: config.metadata, state: .created, createdAt: createdAt, image: config.image)
        switch lifecycle {
        case .created, .starting: break
        case .running(let pid, let startedAt):
            status.state = .running
            status.startedAt = startedAt
            status.pid = pid
        case .exited(let exit):
            status.state = .exited
            status.startedAt = exit.startedAt
            status.finishedAt = exit.finishedAt
            status.exitCode = exit.exitCode
            status.exitSignal = exit.signal
            status.coreDumped = exit.coreDumped
            status.reason = exit.reason
            status.message = exit.message
        }
        status.imageID = image.id
        status.imageRef = image.reference
        status.labels = config.labels
        status.annotations = config.annotations
        status.mounts = config.mounts
        status.logPath = logPath
        status.resources = resources
        let user = spec.process.user
        status.user = ContainerUser(uid: Int64(user.uid), gid: Int64(user.gid), supplementalGroups: user.groups.map(Int64.init))
        status.stopSignal = spec.stopSignal
        status.unenforced = unenforced
        return status
    }
}
