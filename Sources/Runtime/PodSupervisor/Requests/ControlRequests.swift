#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

extension Supervisor {
    /// The process of a request, or a refusal that names it.
    func existing(_ id: [UInt8]) throws(Refusal) -> ManagedProcess {
        guard let process = processes.find(id) else {
            throw Refusal(.notFound, errorNumber: ErrorNumber.noProcess, detail: (Text("no process ") + id).bytes)
        }
        return process
    }

    func signal(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(SignalRequest.self)
        let process = try existing(wanted.id)
        do throws(SystemFailure) {
            try process.signal(wanted.signal)
        } catch {
            let kind: Refusal.Kind = error.number == ErrorNumber.noProcess ? .notFound : .failed
            throw Refusal(
                kind, errorNumber: error.number, detail: (Text("send signal ") + UInt64(wanted.signal) + " to " + wanted.id).bytes)
        }
        request.reply()
    }

    func killAll(_ request: inout Request) throws(Refusal) {
        let process = try existing(request.message.decode(ProcessRequest.self).id)
        do throws(SystemFailure) {
            try process.killAll()
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("kill all of ") + process.id).bytes)
        }
        request.reply()
    }

    func list(_ request: borrowing Request) {
        request.reply(ListReply(processes: processes.all.map { process in process.status }))
    }

    /// Answers when the process has ended and its exit is durable.
    func wait(_ request: inout Request) throws(Refusal) {
        let process = try existing(request.message.decode(ProcessRequest.self).id)
        guard process.isAnnounced, let exit = process.exit else {
            process.waiters.append(request.waiter)
            return
        }
        request.reply(exit)
        if process.removedAfterWait { forget(process) }
    }

    func remove(_ request: inout Request) throws(Refusal) {
        let process = try existing(request.message.decode(ProcessRequest.self).id)
        guard process.isAnnounced else {
            throw Refusal(.busy, errorNumber: ErrorNumber.busy, detail: (Text("process ") + process.id + " runs").bytes)
        }
        do throws(SystemFailure) {
            try records.remove(process.id)
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("remove exit record ") + process.id).bytes)
        }
        forget(process)
        request.reply()
    }

    func shutdown(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(ShutdownRequest.self)
        guard wanted.force || !processes.anyRunning else {
            throw Refusal(.busy, errorNumber: ErrorNumber.busy, detail: Text("processes run").bytes)
        }
        beginShutdown(Shutdown(force: wanted.force, reply: request.waiter, deadline: Instant.now() + Shutdown.limit))
    }
}
