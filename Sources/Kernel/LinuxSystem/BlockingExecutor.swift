internal import CLinux
import Glibc
import Synchronization

/// Threads for system calls that block: mounts, netlink, fsync, waiting for a supervisor. The cooperative pool of Swift's
/// concurrency is as wide as the machine has cores; one blocked task there holds up all others.
///
/// A thread is started when there is work and none is idle, and stays: a command that does little starts few.
package final class BlockingExecutor: Sendable {
    private let queue: WorkQueue

    /// - Parameter threads: How much may block at once.
    /// - Throws: `EAGAIN` when the machine allows no more threads.
    package init(threads count: Int = 8) throws(SystemError) {
        precondition(count > 0, "an executor without threads never runs anything")
        queue = WorkQueue(threadsMax: count)
        // The first one here: with it, all that is ever added gets done.
        try queue.startThread()
    }

    /// Runs a blocking function on one of the threads, in the order of the calls.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.add { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// As `run`, keeping the type of the error.
    package func run<Value: Sendable, Failure: Error>(
        throwing type: Failure.Type, _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            queue.add {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// What was given to `run` before is still done; the threads end after it.
    deinit { queue.close() }
}

/// Whole tasks whose steps block, with `withTaskExecutorPreference`.
extension BlockingExecutor: TaskExecutor {
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.add { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Waiting work in order, and the threads that wait for it.
private final class WorkQueue: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var next = 0
        var threads = 0
        /// Threads that wait, and for which no work is meant yet.
        var idle = 0
        /// Work for which there was neither an idle thread nor room for another.
        var backlog = 0
    }
    private let state = Mutex(State())
    private let available = Semaphore()
    private let threadsMax: Int

    init(threadsMax: Int) { self.threadsMax = threadsMax }

    func add(_ item: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.waiting.append(item)
            if state.idle > 0 {
                state.idle -= 1
                return false
            }
            state.backlog += 1
            return reserveThread(&state)
        }
        available.post()
        // Without another thread the work waits for one of those there are.
        if needsThread { try? startReserved() }
    }

    func startThread() throws(SystemError) {
        if state.withLock({ reserveThread(&$0) }) { try startReserved() }
    }

    private func reserveThread(_ state: inout State) -> Bool {
        guard state.threads < threadsMax else { return false }
        state.threads += 1
        return true
    }

    private func startReserved() throws(SystemError) {
        do throws(SystemError) {
            try PosixThread.start { [self] in work() }
        } catch {
            state.withLock { $0.threads -= 1 }
            throw error
        }
    }

    /// Ends each thread once the work is done: every wait that finds none is the end.
    func close() {
        available.post()
    }

    private func work() {
        while true {
            rest()
            available.wait()
            guard let item = take() else {
                available.post()  // for the next thread
                return
            }
            item()
        }
    }

    private func rest() {
        state.withLock { state in if state.backlog > 0 { state.backlog -= 1 } else { state.idle += 1 } }
    }

    private func take() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard state.next < state.waiting.count else { return nil }
            let item = state.waiting[state.next]
            state.next += 1
            if state.next == state.waiting.count || state.next > 1024 {
                state.waiting.removeFirst(state.next)
                state.next = 0
            }
            return item
        }
    }
}

/// sem_overview(7), unnamed. The semaphore's place in memory must not move.
@safe private final class Semaphore: @unchecked Sendable {  // sem_t is made to be shared between threads
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    func post() { unsafe sem_post(semaphore) }

    func wait() {
        while unsafe sem_wait(semaphore) != 0 {}  // EINTR
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }
}

/// A pthread with a Swift body, that nobody waits for.
private enum PosixThread {
    /// Enough for clinux_spawn's arrays and an ordinary depth of Swift.
    private static let stackBytes = 512 << 10

    static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, Self.stackBytes)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        defer { unsafe pthread_attr_destroy(&attributes) }
        let box = unsafe Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, &attributes,
            { pointer in
                let box = unsafe Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue()
                box.body()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            unsafe box.release()
            throw SystemError("start a thread", Errno(rawValue: result))
        }
    }
}
