#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// What happens because of time: nothing, for an idle pod.
extension Supervisor {
    var nextDeadline: Instant? {
        var next = Instant.earliest(buffers.releaseTime, shutdown?.deadline)
        for process in processes.all {
            next = Instant.earliest(next, process.deadline)
            next = Instant.earliest(next, process.log?.retryTime)
            next = Instant.earliest(next, process.recordRetry)
        }
        return next
    }

    func actOnDeadlines(at now: Instant) {
        for process in processes.all {
            process.expire(at: now)
            if let retry = process.recordRetry, retry <= now { settle(process, at: now) }
            guard let log = process.log, let retry = log.retryTime, retry <= now else { continue }
            log.retry(at: now)
            for output in process.outputs { output.resume(buffers, at: now) }
            process.closeEnded()
            announceLogNews(of: process)
        }
        buffers.releaseIfIdle(at: now)
    }

    func announceLogNews(of process: ManagedProcess) {
        guard let news = process.log?.takeNews() else { return }
        let event = LogFailure(id: process.id, errorNumber: news.errorNumber, droppedBytes: news.droppedBytes)
        for connection in connections where connection.isSubscribed { connection.send(.logFailed, event) }
    }
}
