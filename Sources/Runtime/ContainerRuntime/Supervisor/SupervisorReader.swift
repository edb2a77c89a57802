internal import LinuxSystem
internal import Synchronization

/// The one thread of the process that reads what all supervisors send. It sleeps in epoll_wait(2) when they say nothing.
///
/// A caller that waits for an answer reads by itself meanwhile: to be woken by this thread, woken by the supervisor, would cost twice.
final class SupervisorReader: Sendable {
    /// nil when the thread could not be started.
    static let shared: Result<SupervisorReader, SystemError> = {
        do throws(SystemError) { return .success(try SupervisorReader()) } catch { return .failure(error) }
    }()

    private enum Watched {
        /// Weak: whoever uses a client keeps it. Its end closes the socket, which takes it out of the epoll set.
        case client(WeakClient)
        /// A supervisor that this process started, and must therefore wait for.
        case process(DescriptorBox)
    }

    private struct WeakClient {
        weak var client: SupervisorClient?
    }

    private struct State {
        var nextToken: UInt64 = 1
        var watched: [UInt64: Watched] = [:]
    }

    private let queue: ReadinessQueue
    private let state = Mutex(State())

    private init() throws(SystemError) {
        queue = try ReadinessQueue()
        try startThread { [self] in run() }
    }

    func watch(_ client: SupervisorClient) throws(SystemError) {
        client.turns.isWatched(as: try add(client.descriptor, .client(WeakClient(client: client))))
    }

    /// Leaves what a client's supervisor sends to somebody else.
    func pause(_ client: SupervisorClient, token: UInt64) { queue.pause(client.descriptor, token: token) }

    func resume(_ client: SupervisorClient, token: UInt64) { queue.resume(client.descriptor, token: token) }

    func watch(process: DescriptorBox) throws(SystemError) {
        _ = try add(process.fd.rawValue, .process(process))
    }

    private func add(_ fd: CInt, _ watched: sending Watched) throws(SystemError) -> UInt64 {
        let token = state.withLock { state in
            let token = state.nextToken
            state.nextToken += 1
            state.watched[token] = watched
            return token
        }
        do throws(Errno) {
            try queue.add(fd, token: token)
        } catch {
            forget(token)
            throw SystemError("watch a supervisor", error)
        }
        return token
    }

    private func forget(_ token: UInt64) { state.withLock { state in _ = state.watched.removeValue(forKey: token) } }

    private func run() {
        while true {
            for token in queue.wait() { handle(token) }
        }
    }

    private func handle(_ token: UInt64) {
        let (client, process) = state.withLock { state -> (SupervisorClient?, DescriptorBox?) in
            switch state.watched[token] {
            case .client(let weak): (weak.client, nil)
            case .process(let box): (nil, box)
            case nil: (nil, nil)
            }
        }
        if let client, client.readOne() { return }
        if let client { queue.remove(client.descriptor) }
        if let process {
            _ = try? process.fd.exitIfEnded()
            queue.remove(process.fd.rawValue)
        }
        forget(token)
    }
}
