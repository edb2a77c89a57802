internal import LinuxSystem
internal import Synchronization

/// A supervisor that runs and holds no pod yet, under the id that its sandbox will have.
struct SpareSupervisor: Sendable {
    var id: String
    var layout: SandboxLayout
    var watch: SupervisorWatch
    var client: SupervisorClient
    /// The tmpfs of its pod's /dev/shm, made along with it.
    var sharedMemory: SharedDescriptor?
}

/// Supervisors started ahead: a program's start costs a pod a millisecond, most of it the dynamic linker's.
///
/// A spare is a directory of a sandbox without `sandbox.json`; those of a daemon that was killed are cleared away like sandboxes that never
/// came about.
final class SupervisorPool: Sendable {
    private struct State {
        var spares: [SpareSupervisor] = []
        var starting = 0
        var isClosed = false
    }
    private let state = Mutex(State())
    let size: Int

    init(size: Int) { self.size = size }

    /// - Returns: One that runs, nil when there is none; and those that have ended by themselves, to be cleared away.
    func take() -> (spare: SpareSupervisor?, dead: [SpareSupervisor]) {
        state.withLock { state in
            var dead: [SpareSupervisor] = []
            while let spare = state.spares.popLast() {
                guard spare.watch.isGone else { return (spare, dead) }
                dead.append(spare)
            }
            return (nil, dead)
        }
    }

    /// How many are to be started now; each is to be answered with `add` or `abandon`.
    func reserve() -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let missing = max(0, size - state.spares.count - state.starting)
            state.starting += missing
            return missing
        }
    }

    /// - Returns: False when the pool was closed meanwhile: then the spare is the caller's to end.
    func add(_ spare: SpareSupervisor) -> Bool {
        state.withLock { state in
            state.starting -= 1
            guard !state.isClosed else { return false }
            state.spares.append(spare)
            return true
        }
    }

    func abandon() { state.withLock { $0.starting -= 1 } }

    /// Takes all; none is added any more.
    func close() -> [SpareSupervisor] {
        state.withLock { state in
            state.isClosed = true
            defer { state.spares = [] }
            return state.spares
        }
    }
}

extension NativeRuntime {
    func takeSpare() -> SpareSupervisor? {
        let (spare, dead) = supervisors.take()
        for one in dead { cleanup.add(for: one.id, "remove spare supervisor \(one.id), which has ended") { [self] in end(one) } }
        return spare
    }

    /// Makes up for what the last pods have taken. Called when a pod's container runs or the pod is over, not when it takes a spare: the next
    /// pod's preparation would compete with this one's start.
    func restock() {
        network?.restock()
        refillSupervisors()
    }

    /// Starts what is missing, on threads that may block, without making anybody wait.
    func refillSupervisors() {
        for _ in 0..<supervisors.reserve() {
            Task { [self] in
                do {
                    try await blocking { [self] in try addSpare() }
                } catch {
                    supervisors.abandon()
                    configuration.report("start a spare supervisor: \(error)")
                }
            }
        }
    }

    private func addSpare() throws {
        let spare = try launchSupervisor(Identifier.make())
        if !supervisors.add(spare) { end(spare) }
    }

    func end(_ spare: SpareSupervisor) {
        try? spare.client.shutdown(force: true)
        _ = try? unmountSharedMemory(spare.layout)
        try? StateFiles.removeTree(spare.layout.directory)
    }
}
