internal import Glibc
internal import LinuxSystem
internal import Netlink
internal import Synchronization

/// A namespace that is wired and waits for its sandbox. Only its descriptor keeps it: when the process dies, the kernel takes it away.
final class ReadyNamespace: Sendable {
    let number: HostNumber
    let descriptor: OwnedFD
    init(_ number: HostNumber, _ descriptor: consuming OwnedFD) {
        self.number = number
        self.descriptor = descriptor
    }
}

/// Work off the callers' path, on one thread that starts when there is some: refill the pool, free addresses whose links are gone.
/// Sleeps in poll(2), without a timer, when nothing is to be done.
final class Upkeep: Sendable {
    private let store: AddressStore
    private let wiring: Wiring
    private let state = Mutex(State())

    private struct State: ~Copyable {
        var ready: [ReadyNamespace] = []
        var poolSize = 0
        var host: HostSide?
        var isStopping = false
        var thread: BackgroundThread?
        /// Its other end is the thread's; a byte wakes it.
        var wake: OwnedFD?
    }

    init(store: AddressStore, wiring: Wiring) {
        (self.store, self.wiring) = (store, wiring)
    }

    var readyCount: Int { state.withLock { $0.ready.count } }

    /// The pool is not refilled before ``restock()``: making the next namespace would compete with the taker's own work.
    func takeReady() -> ReadyNamespace? {
        state.withLock { $0.ready.popLast() }
    }

    func setPool(size: Int, _ host: HostSide) throws {
        let surplus = state.withLock { state in
            (state.poolSize, state.host) = (size, host)
            let surplus = Array(state.ready.dropFirst(size))
            state.ready.removeLast(surplus.count)
            return surplus
        }
        drop(surplus)
        if size > 0 || !surplus.isEmpty { try wakeUp() }
    }

    /// Has the pool filled up, when it is short of something.
    func restock() {
        if state.withLock({ $0.ready.count < $0.poolSize }) { lookSoon() }
    }

    /// Lets the thread look after the pool and addresses in release. A failure to start it costs nothing now: the next call tries again.
    func lookSoon() { try? wakeUp() }

    /// Joins the thread and drops the pool. Idempotent; the next work starts a new thread.
    func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            state.poolSize = 0
            Self.wake(&state)
            return state.thread.take()
        }
        thread?.join()
        let ready = state.withLock { state in
            defer { state.ready = [] }
            return state.ready
        }
        state.withLock { state in
            state.isStopping = false
            state.wake = nil
        }
        drop(ready)
    }

    /// The namespaces go when `ready` is released by the caller; their addresses when the kernel has followed.
    private func drop(_ ready: [ReadyNamespace]) {
        for namespace in ready { try? store.change(namespace.number, to: .releasing) }
    }
}

extension Upkeep {
    /// Wakes the thread, or starts it.
    private func wakeUp() throws {
        try state.withLock { state in
            if state.isStopping { return }
            if state.thread != nil { return Self.wake(&state) }
            var ends: [CInt] = [-1, -1]
            let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
            guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("make a socket pair", .current) }
            state.wake = OwnedFD(adopting: ends[0])
            let wakened = ReadyEnd(OwnedFD(adopting: ends[1]))
            state.thread = try BackgroundThread { self.run(wakened.descriptor) }
        }
    }

    /// A noncopyable value cannot be captured by an escaping closure.
    private final class ReadyEnd: Sendable {
        let descriptor: OwnedFD
        init(_ descriptor: consuming OwnedFD) { self.descriptor = descriptor }
    }

    private static func wake(_ state: inout State) {
        guard let descriptor = state.wake?.rawValue else { return }
        var byte: UInt8 = 0
        _ = unsafe send(descriptor, &byte, 1, CInt(MSG_NOSIGNAL))  // full: it is awake anyway
    }

    private func run(_ wakened: borrowing OwnedFD) {
        var sweeper: ReleaseSweeper?
        while !state.withLock({ $0.isStopping }) {
            let filled = fillOne()
            if filled == .made { continue }
            if store.releasing.isEmpty {
                sweeper = nil
            } else if sweeper == nil {
                sweeper = try? ReleaseSweeper(store, wiring.names)
            }
            // A failure, or a sweep for which no event will come, is tried again after a second.
            let mustTryAgain = filled == .failed || !store.releasing.isEmpty
            let woken = sleep(wakened.rawValue, sweeper?.descriptor, milliseconds: mustTryAgain ? 1000 : -1)
            _ = try? sweeper?.sweep(all: !woken)
        }
    }

    /// False when the time ran out.
    private func sleep(_ wakened: CInt, _ events: CInt?, milliseconds: CInt) -> Bool {
        var descriptors = [wakened, events].compactMap { $0.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
        let ready = unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe recv(wakened, &bytes, bytes.count, 0) > 0 {}
        return ready != 0
    }

    private enum FillOutcome { case enough, made, failed }

    /// Adds one namespace to the pool when it is short of one.
    private func fillOne() -> FillOutcome {
        let host = state.withLock { $0.ready.count < $0.poolSize ? $0.host : nil }
        guard let host else { return .enough }
        guard let number = try? store.reserve(.ready(process: getpid())) else { return .failed }
        guard let descriptor = try? wiring.makeNamespace(number, host) else {
            try? store.change(number, to: .releasing)
            return .failed
        }
        let namespace = ReadyNamespace(number, descriptor)
        let isKept = state.withLock { state in
            guard !state.isStopping, state.ready.count < state.poolSize else { return false }
            state.ready.append(namespace)
            return true
        }
        if !isKept { drop([namespace]) }
        return .made
    }
}

extension Upkeep {
    /// Waits until at least one address has been freed. - Returns: False when none came back in time.
    func waitForRelease(timeoutMilliseconds: CInt) throws -> Bool {
        var sweeper = try ReleaseSweeper(store, wiring.names)
        let deadline = now() + Int(timeoutMilliseconds)
        while true {
            if try sweeper.sweep(all: true) > 0 { return true }
            let remaining = deadline - now()
            guard remaining > 0, !store.releasing.isEmpty else { return false }
            var descriptor = pollfd(fd: sweeper.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&descriptor, 1, CInt(min(remaining, 250)))
        }
    }

    /// Milliseconds of the monotonic clock.
    private func now() -> Int {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
