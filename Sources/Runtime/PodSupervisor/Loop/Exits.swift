internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// From the end of a process to everybody's knowledge of it: drain, record, announce, in this order.
extension Supervisor {
    /// How long a record that the disk refuses holds its announcement back.
    private static let recordLimit = 5 * Instant.second
    private static let recordRetry = Instant.second / 5

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

    /// Writes the exit record and tells; or tries later, but not for ever.
    func settle(_ process: ManagedProcess, at now: Instant) {
        guard let exit = process.exit, !process.isAnnounced else { return }
        process.recordRetry = nil
        if process.kind != .exec {
            do throws(SystemFailure) {
                try records.write(exit)
            } catch {
                let deadline = process.recordDeadline ?? now + Self.recordLimit
                process.recordDeadline = deadline
                if now < deadline {
                    process.recordRetry = now + Self.recordRetry
                    return
                }
            }
        }
        announce(process, exit)
    }

    private func announce(_ process: ManagedProcess, _ exit: ProcessExit) {
        process.isAnnounced = true
        for connection in connections where connection.isSubscribed { connection.send(.processExited, exit) }
        let waiters = process.waiters
        process.waiters = []
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
