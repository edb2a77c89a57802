#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// A shutdown under way: it waits for the processes that it killed.
struct Shutdown {
    /// How long the killed processes may take.
    static let limit = 10 * Instant.second

    var force: Bool
    /// Who asked, unless a signal did.
    var reply: ManagedProcess.Waiter?
    var deadline: Instant
}

extension Supervisor {
    func beginShutdown(_ request: Shutdown) {
        shutdown = request
        for process in processes.all where process.isRunning {
            do throws(SystemFailure) { try process.killAll() } catch { _ = error }
            do throws(SystemFailure) { try process.signal(9) } catch { _ = error }
        }
    }

    func finishShutdown(at now: Instant) {
        guard let shutdown else { return }
        let isQuiet = !processes.anyRunning && !processes.anyUnannounced
        guard isQuiet || now >= shutdown.deadline else { return }
        self.shutdown = nil
        let connection = connections.first { connection in connection.serial == shutdown.reply?.connection }
        let requestID = shutdown.reply?.requestID ?? 0
        guard isQuiet else {
            connection?.send(
                .refusal,
                Refusal(.busy, errorNumber: ErrorNumber.timedOut, detail: Text("processes that were killed have not ended").bytes),
                requestID: requestID)
            return
        }
        for process in processes.all { forget(process) }
        connection?.send(MessageType.shutdown.reply, EmptyBody(), requestID: requestID)
        finish()
    }
}
