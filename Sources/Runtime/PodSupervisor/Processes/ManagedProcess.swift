internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A process that the supervisor started: what it needs while it runs, and how it ended.
final class ManagedProcess {
    let id: [UInt8]
    let kind: ProcessKind
    let pid: Int32
    let startedAtNanoseconds: Int64
    let removedAfterWait: Bool
    /// The connection that started it.
    let owner: UInt64

    private var pidfd: DescriptorSlot
    private var cgroup: DescriptorSlot
    /// The master of a container's terminal.
    private var terminal: DescriptorSlot
    private(set) var stdin: StdinPipe?
    private(set) var outputs: [OutputStream]
    let log: LogFile?

    /// When it is killed.
    private(set) var deadline: Instant?
    private(set) var timedOut = false
    private(set) var exit: ProcessExit?
    /// Everybody was told of the exit.
    var isAnnounced = false
    /// Until when an exit record that cannot be written holds the announcement back, and when it is tried again.
    var recordDeadline: Instant?
    var recordRetry: Instant?
    /// The exit was told although it is not on disk.
    var isRecordMissing = false
    var waiters: [Waiter] = []

    struct Waiter {
        var connection: UInt64
        var requestID: UInt32
    }

    init(
        _ request: StartProcessRequest, started: SpawnedProcess, channels: consuming ParentChannels, cgroup: consuming DescriptorSlot,
        owner: UInt64, at now: Instant
    ) {
        id = request.id
        kind = request.kind
        pid = started.pid
        startedAtNanoseconds = started.startedAtNanoseconds
        removedAfterWait = request.removedAfterWait
        self.owner = owner
        pidfd = DescriptorSlot(Descriptor(adopting: started.pidfd))
        self.cgroup = cgroup
        log = channels.log
        stdin = channels.stdin
        outputs = channels.outputs
        terminal = channels.takeTerminal()
        deadline = request.timeoutNanoseconds == 0 ? nil : now + Int64(request.timeoutNanoseconds)
    }

    var pidfdNumber: Int32? { pidfd.number }
    var terminalNumber: Int32? { terminal.number }
    var isRunning: Bool { exit == nil }

    var status: ProcessStatus {
        // Not before it is announced: whoever asks may not know more than those who were told.
        ProcessStatus(id: id, kind: kind, pid: pid, startedAtNanoseconds: startedAtNanoseconds, exit: isAnnounced ? exit : nil)
    }

    func signal(_ number: Int32) throws(SystemFailure) {
        guard let pidfd = pidfd.number else { throw SystemFailure(number: ErrorNumber.noProcess) }
        _ = try SystemFailure.check(sv_signal_process(pidfd, number))
    }

    /// Kills everything in its cgroup; without one its process group, if it leads one, and itself.
    func killAll() throws(SystemFailure) {
        if let directory = cgroup.number {
            return try Files.write([0x31], to: Text("cgroup.kill"), in: directory)
        }
        guard isRunning else { return }
        _ = sv_signal_group(pid, 9)
        try signal(9)
    }

    /// Kills it when its time is over.
    func expire(at now: Instant) {
        guard let deadline, deadline <= now, isRunning else { return }
        self.deadline = nil
        timedOut = true
        // A cgroup that cannot be killed must not let the process live.
        do throws(SystemFailure) { try killAll() } catch { _ = sv_signal_group(pid, 9) }
        do throws(SystemFailure) { try signal(9) } catch { return }
    }

    /// Takes the news of its end: nothing more goes in, and what came out until now is in its log.
    func end(code: Int32, signal: Int32, coreDumped: Bool, _ buffers: LogBuffers, at now: Instant) {
        exit = ProcessExit(
            id: id, kind: kind, pid: pid, startedAtNanoseconds: startedAtNanoseconds, exitedAtNanoseconds: WallClock.now(),
            code: code, signal: signal, coreDumped: coreDumped, timedOut: timedOut)
        deadline = nil
        pidfd.close()
        stdin?.close()
        stdin = nil
        if kind == .container, !cgroup.isEmpty {
            // In a pid namespace of its own all have ended; in a shared one nobody may outlive the container.
            do throws(SystemFailure) { try killAll() } catch { _ = error }
        }
        cgroup.close()
        log?.retryNow(at: now)
        drain(buffers, at: now)
    }

    /// What stood in the pipes at the process's end: at most their size and what a left-over process adds meanwhile.
    private func drain(_ buffers: LogBuffers, at now: Instant) {
        for output in outputs {
            var reads = 0
            while reads < 8, output.pump(buffers, at: now) == .moved { reads += 1 }
        }
        closeEnded()
    }

    /// Lets go of outputs that have ended.
    func closeEnded() {
        outputs.removeAll { output in !output.isOpen }
        if outputs.isEmpty { terminal.close() }
    }

    /// Ends what is still open when the process is forgotten.
    func close(_ buffers: LogBuffers, at now: Instant) {
        log?.retryNow(at: now)
        for output in outputs {
            output.close()
            output.resume(buffers, at: now)
        }
        outputs = []
        terminal.close()
        stdin?.close()
        stdin = nil
    }

    func closeStdin() { stdin?.close() }

    func output(_ stream: LogStream) -> OutputStream? { outputs.first { output in output.stream == stream } }
}
