/// Where a container is on its one way.
///
/// created ──start──▶ starting ──runs──▶ running ──ends──▶ exited; a start that fails leads from starting to exited. There is no way back.
struct ContainerLifecycle: Sendable, Hashable {
    enum State: Sendable, Hashable {
        case created, starting
        case running(pid: Int32, startedAt: Int64)
        case exited(ContainerExit)
    }
    enum Event: Sendable, Hashable {
        case start
        case started(pid: Int32, at: Int64)
        case startFailed(ContainerExit)
        case exited(ContainerExit)
    }
    /// What the event does to the state; the caller tells the world.
    enum Effect: Sendable, Hashable { case changed, ignored, refused }

    private(set) var state = State.created

    init(_ state: State = .created) { self.state = state }

    mutating func handle(_ event: Event) -> Effect {
        switch (state, event) {
        case (.created, .start):
            state = .starting
            return .changed
        case (.starting, .start), (.running, .start), (.exited, .start):
            return .refused
        case (.starting, .started(let pid, let at)), (.created, .started(let pid, let at)):  // the latter: found running by a new daemon
            state = .running(pid: pid, startedAt: at)
            return .changed
        case (.exited, .started), (.running, .started):  // its end was told before the answer to its start
            return .ignored
        case (.starting, .startFailed(let exit)):
            state = .exited(exit)
            return .changed
        case (.created, .startFailed), (.running, .startFailed), (.exited, .startFailed):
            return .ignored
        case (.created, .exited(let exit)), (.starting, .exited(let exit)), (.running, .exited(let exit)):
            state = .exited(exit)
            return .changed
        case (.exited, .exited):  // the first account stands
            return .ignored
        }
    }
}

/// How a container ended, in the words of its status.
struct ContainerExit: Sendable, Hashable {
    /// Nanoseconds since the epoch; 0 when the process never ran.
    var startedAt: Int64
    var finishedAt: Int64
    /// 128 + signal for a death by signal.
    var exitCode: Int32
    /// 0: none, or nobody knows.
    var signal: Int32 = 0
    var coreDumped = false
    var reason: String
    var message = ""

    /// - Parameter isOutOfMemory: The kernel's out-of-memory killer took a process of the container.
    static func ended(
        startedAt: Int64, finishedAt: Int64, exitCode: Int32, signal: Int32 = 0, coreDumped: Bool = false, isOutOfMemory: Bool
    ) -> ContainerExit {
        let reason = isOutOfMemory && exitCode == 137 ? "OOMKilled" : exitCode == 0 ? "Completed" : "Error"
        return ContainerExit(
            startedAt: startedAt, finishedAt: finishedAt, exitCode: exitCode, signal: signal, coreDumped: coreDumped, reason: reason)
    }

    /// The start failed: code 128, as containerd has it.
    static func startFailed(at: Int64, message: String) -> ContainerExit {
        ContainerExit(startedAt: 0, finishedAt: at, exitCode: 128, reason: "StartError", message: message)
    }

    /// Nobody saw the end: the supervisor was killed, and took the container with it.
    static func unknown(startedAt: Int64, at: Int64) -> ContainerExit {
        ContainerExit(
            startedAt: startedAt, finishedAt: at, exitCode: 137, reason: "ContainerStatusUnknown",
            message: "The container's supervisor ended before it could record how the container did")
    }
}
