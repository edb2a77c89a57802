internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// From the end of a process to everybody's knowledge of it: drain, record, announce, in this order.
extension Supervisor {
    /// How long a record that the disk refuses holds its announcement back.
    private static let recordLimit = 5 * Instant.second
    private static let recordRetry = Instant.second / 5
    private static let lateRecordRetry = Instant.second

    /// Reaps every child that has ended: its own processes, and orphans that came to it as the subreaper.
    func reap() {
        var pid: Int32 = 0, code: Int32 = 0, signal: Int32 = 0, core: Int32 = 0
        while unsafe sv_reap(&pid, &code, &signal, &core) == 1 {
            guard let process = processes.find(pid: pid) else { continue }
            let now = Instant.now()
            process.end(code: code, signal: signal, coreDumped: core != 0, buffers, at: now)
            announceLogNews(of: process)
            settle(process, at: now)
        }
    }

    /// Writes the exit record, then tells.
    ///
    /// A disk that refuses the record holds the announcement back for a time only, for the pod must go on; then the end is told along with the
    /// news that it is not on disk, and the record tried on until it is.
    func settle(_ process: ManagedProcess, at now: Instant) {
        guard let exit = process.exit else { return }
        process.recordRetry = nil
        if let error = recordError(exit, of: process) {
            let deadline = process.recordDeadline ?? now + Self.recordLimit
            process.recordDeadline = deadline
            process.recordRetry = now + (process.isAnnounced ? Self.lateRecordRetry : Self.recordRetry)
            if now < deadline { return }
            announceRecord(of: process, isMissing: true, error)
        } else {
            announceRecord(of: process, isMissing: false, 0)
        }
        if !process.isAnnounced { announce(process, exit) }
    }

    /// - Returns: nil when the exit is on disk, or need not be.
    private func recordError(_ exit: ProcessExit, of process: ManagedProcess) -> Int32? {
        guard process.kind != .exec else { return nil }
        do throws(SystemFailure) {
            try records.write(exit)
            return nil
        } catch { return error.number }
    }

    /// Tells when it is news.
    private func announceRecord(of process: ManagedProcess, isMissing: Bool, _ errorNumber: Int32) {
        guard process.isRecordMissing != isMissing else { return }
        process.isRecordMissing = isMissing
        let event = RecordFailure(id: process.id, errorNumber: errorNumber)
        for connection in connections where connection.isSubscribed { connection.send(.recordFailed, event) }
    }

    private func announce(_ process: ManagedProcess, _ exit: ProcessExit) {
        process.isAnnounced = true
        let waiters = process.waiters
        process.waiters = []
        for connection in connections where connection.isSubscribed {
            // Of an exec only its client wants to know, and the answer tells it.
            let hearsTheAnswer = process.kind == .exec && waiters.contains { waiter in waiter.connection == connection.serial }
            if !hearsTheAnswer { connection.send(.processExited, exit) }
        }
        for waiter in waiters {
            guard let connection = connections.first(where: { connection in connection.serial == waiter.connection }) else { continue }
            connection.send(MessageType.wait.reply, exit, requestID: waiter.requestID)
        }
        let isAnswered = !waiters.isEmpty || !connections.contains { connection in connection.serial == process.owner }
        if process.removedAfterWait, isAnswered { forget(process) }
    }

    /// Nobody will wait over this connection any more.
    func forgetWaits(of connection: Connection) {
        for process in processes.all {
            process.waiters.removeAll { waiter in waiter.connection == connection.serial }
            if process.removedAfterWait, process.isAnnounced, process.owner == connection.serial { forget(process) }
        }
    }

    func forget(_ process: ManagedProcess) {
        process.close(buffers, at: Instant.now())
        processes.remove(process)
    }
}
