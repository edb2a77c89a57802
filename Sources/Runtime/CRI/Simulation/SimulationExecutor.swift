import Glibc
import Synchronization

/// One thread that runs ready jobs and, when there are none, moves the clock.
final class SimulationExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var next = 0
        var stopped = false
        var stalled: Simulation.Stalled?
    }
    private let clock: SimulatedClock
    private let limit: Duration
    private let state = Mutex(State())

    init(clock: SimulatedClock, limit: Duration) {
        self.clock = clock
        self.limit = limit
    }

    var stalled: Simulation.Stalled? { state.withLock { $0.stalled } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Ends the thread once no job is ready any more.
    func stop() { state.withLock { $0.stopped = true } }

    func start(onStall: @escaping @Sendable () -> Void) {
        Thread.detach { self.loop(onStall: onStall) }
    }

    private enum Turn {
        case job(UnownedJob)
        case idle
        case stop
    }

    private func loop(onStall: @Sendable () -> Void) {
        while true {
            switch takeTurn() {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            case .idle: idle(onStall)
            case .stop: return
            }
        }
    }

    private func takeTurn() -> Turn {
        state.withLock { state in
            guard state.next < state.jobs.count else { return state.stopped ? .stop : .idle }
            let job = state.jobs[state.next]
            state.next += 1
            if state.next == state.jobs.count {
                state.jobs.removeAll(keepingCapacity: true)
                state.next = 0
            }
            return .job(job)
        }
    }

    /// Nobody is ready: time passes. When none is left to pass, the simulation is told so, once.
    private func idle(_ onStall: @Sendable () -> Void) {
        if stalled != nil {
            usleep(1_000)  // the cancelled body ends, or hangs in plain sight
            return
        }
        if clock.elapsed <= limit, clock.advanceToNext() { return }
        state.withLock { $0.stalled = Simulation.Stalled(at: clock.elapsed, limit: limit) }
        onStall()
    }
}

/// A POSIX thread that runs one closure.
enum Thread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func detach(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        precondition(failure == 0, "no thread for the simulation: errno \(failure)")
        pthread_detach(thread)
    }
}
