internal import Glibc
import Synchronization

/// Threads for calls that block: files, sockets. Swift's own pool is as wide as the machine has cores, and must not wait.
///
/// Threads come when there is work and none is idle, and stay: the executor lives as long as the program.
package final class BlockingExecutor: TaskExecutor {
    package static let shared = BlockingExecutor()

    private struct State {
        var jobs: [UnownedJob] = []
        var idleCount = 0
        var threadCount = 0
    }
    /// A byte for each job that no thread has taken yet.
    private let pipe = Pipe()
    private let state = Mutex(State())
    private let maxThreads: Int

    package init(maxThreads: Int = 8) {
        self.maxThreads = maxThreads
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.idleCount < state.jobs.count, state.threadCount < maxThreads else { return false }
            state.threadCount += 1
            return true
        }
        pipe.put()
        if needsThread { startThread() }
    }

    private func startThread() {
        let retained = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<BlockingExecutor>.fromOpaque(argument).takeRetainedValue().loop() }
                return nil
            }, retained.toOpaque())
        guard failure == 0 else {
            // The threads that there are do the work; without any there is nothing left to try.
            unsafe retained.release()
            let count = state.withLock { state in
                state.threadCount -= 1
                return state.threadCount
            }
            precondition(count > 0, "no thread for blocking calls: errno \(failure)")
            return
        }
        pthread_detach(thread)
    }

    private func loop() -> Never {
        while true {
            let job = nextJob()
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func nextJob() -> UnownedJob {
        while true {
            state.withLock { $0.idleCount += 1 }
            pipe.take()
            let job = state.withLock { state -> UnownedJob? in
                state.idleCount -= 1
                return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
            }
            if let job { return job }
        }
    }
}

/// A pipe as a counter that threads wait for.
private struct Pipe: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let result = unsafe pipe(&ends)
        precondition(result == 0, "no pipe for blocking calls: errno \(errno)")
        (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    func put() {
        var byte: UInt8 = 1
        // Full: as many jobs wait as a pipe holds, and each thread looks at the list of jobs again.
        while unsafe write(writing, &byte, 1) < 0, errno == EINTR {}
    }

    func take() {
        var byte: UInt8 = 0
        while unsafe read(reading, &byte, 1) < 0, errno == EINTR {}
    }
}
