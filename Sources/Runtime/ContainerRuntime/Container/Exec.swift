package import CRI
internal import Cgroups
package import LinuxSystem
internal import SupervisorAPI
internal import Synchronization

extension NativeRuntime {
    /// Runs a command in a container with descriptors of the caller's: `kubectl exec`.
    ///
    /// - Parameters:
    ///   - descriptors: stdin, stdout, stderr; the command gets copies. Ignored with a terminal.
    ///   - terminal: Its size at the start; then the master is in the result.
    package func exec(
        _ id: String, command: [String], descriptors: [CInt], terminal: TerminalSize? = nil
    ) async throws(RuntimeError) -> RunningExec {
        try await verb("exec \"\(command.first ?? "")\" in container \(name(id))") {
            try await blocking { [self] in
                var exec = ExecProcess(container: try container(id), command: command)
                exec.terminal = terminal
                return try start(exec, descriptors: terminal == nil ? descriptors : [])
            }
        }
    }

    func start(_ exec: ExecProcess, descriptors: [CInt]) throws -> RunningExec {
        let container = exec.container
        guard let connection = container.sandbox.connection else {
            throw RuntimeError(.failedPrecondition, "sandbox \(container.sandbox.id) is not ready")
        }
        let target = try container.pinnedProcess()
        let id = container.nextExecID()
        let parent = try container.sandbox.cgroup.cgroup.openChild(container.id)
        let cgroup = try parent.createChild(ExecProcess.cgroupName(id))
        let prepared = try plan(exec)
        var request = StartRequest(id: id, kind: .exec, plan: try prepared.plan.encoded())
        request.stdio = exec.terminal == nil ? .descriptors : .null
        request.terminal = exec.terminal.map { .init(rows: $0.rows, columns: $0.columns) }
        request.ioOwner = container.sandbox.hostID(of: container.spec.process.user.uid)
        request.cgroupDescriptor = 0
        request.timeoutNanoseconds = exec.timeout.map(\.nanoseconds) ?? 0
        request.autoRemove = true
        do throws(SupervisorError) {
            let started = try connection.client.start(
                request, descriptors: [cgroup.directory.rawValue, target.pidfd.rawValue] + descriptors)
            return RunningExec(id: id, container: container, connection: connection, started: started)
        } catch {
            try? parent.removeChild(ExecProcess.cgroupName(id), timeout: .zero)
            throw SpawnTranslation.error(error, plan: prepared.plan, program: exec.command.first ?? "")
        }
    }

    private func plan(_ exec: ExecProcess) throws -> PreparedPlan {
        guard let program = exec.command.first, !program.isEmpty else { throw SpecError("no command specified") }
        guard !exec.command.contains(where: { $0.utf8.contains(0) }) else { throw SpecError("command: holds a NUL byte") }
        var process = exec.container.spec.process
        process.arguments = exec.command
        process.hasTerminal = exec.terminal != nil
        if process.hasTerminal, !process.environment.contains(where: { $0.hasPrefix("TERM=") }) { process.environment.append("TERM=xterm") }
        var builder = ExecPlanBuilder(process: process, namespaces: exec.container.spec.namespaces)
        builder.seccomp = try confinement.filter(process.seccomp, process.capabilities.bounding)
        if let size = exec.terminal { builder.stdio = .terminal(rows: size.rows, columns: size.columns) }
        return builder.build()
    }
}

/// What is to join a container.
struct ExecProcess: Sendable {
    var container: Container
    var command: [String]
    var terminal: TerminalSize?
    var timeout: Duration?

    init(container: Container, command: [String]) {
        self.container = container
        self.command = command
    }

    /// Below the container's cgroup, so that a time-out takes the command's children with it, and its use counts as the container's.
    static func cgroupName(_ id: String) -> String { String(id.split(separator: ".").last ?? "exec") }
}

/// A command that runs in a container.
package final class RunningExec: Sendable {
    package let id: String
    /// In the runtime's pid namespace.
    package let pid: Int32
    /// The terminal's other side, for the caller to copy bytes to and from and to resize; nil without a terminal.
    package var terminal: DescriptorBox? { heldTerminal.withLock { $0 } }
    private let heldTerminal: Mutex<DescriptorBox?>
    let container: Container
    private let connection: SandboxConnection

    init(id: String, container: Container, connection: SandboxConnection, started: StartedProcess) {
        self.id = id
        self.container = container
        self.connection = connection
        pid = started.pid
        heldTerminal = Mutex(started.terminal)
    }

    /// Lets go of the terminal: whoever copied it has it alone.
    func releaseTerminal() { heldTerminal.withLock { $0 = nil } }

    /// Waits for its end; holds no thread.
    package func exitCode() async throws(RuntimeError) -> Int32 {
        do {
            let exit = try await exit()
            removeCgroup()
            return exit.exitCode
        } catch {
            throw RuntimeError(wrapping: error, "wait for command \(id)")
        }
    }

    func exit() async throws -> ProcessExit { try await connection.client.exit(of: id) }

    package func signal(_ signal: CInt) throws(RuntimeError) {
        do { try connection.client.signal(id, signal) } catch  where error.meansEnded {} catch {
            throw RuntimeError(wrapping: error, "send signal \(signal) to command \(id)")
        }
    }

    /// What the command left running keeps it, as it would with any runtime; it goes with the container.
    func removeCgroup() {
        guard let parent = try? container.sandbox.cgroup.cgroup.openChild(container.id) else { return }
        try? parent.removeChild(ExecProcess.cgroupName(id), timeout: .zero)
    }
}

extension Duration {
    /// Saturates; at least 1 for a time that is more than nothing.
    var nanoseconds: UInt64 {
        guard self > .zero else { return 1 }
        let (seconds, attoseconds) = components
        guard seconds < 1 << 32 else { return 1 << 62 }
        return max(1, UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000))
    }
}
