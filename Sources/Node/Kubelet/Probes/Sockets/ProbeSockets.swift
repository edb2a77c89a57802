internal import Glibc
import Synchronization

/// All probes' connections on one thread with one poll(2). An attempt costs a handful of system calls and no thread of its own.
///
/// The thread comes with the first connection that has to be waited for, and lives as long as the program.
final class ProbeSockets: Sendable {
    static let shared = ProbeSockets()

    struct Connection: Sendable {
        let socket: ProbeSocket
        var conversation: any ProbeConversation
        let deadline: ContinuousClock.Instant
        var isConnected: Bool
        /// Not sent yet.
        var unsent: ArraySlice<UInt8> = []
        let answer: CheckedContinuation<Result<ProbeAnswer, ProbeSocketFailure>, Never>
    }
    private struct State {
        var arrivals: [Connection] = []
        var hasThread = false
        /// The thread sleeps, and nobody has woken it yet.
        var isAsleep = false
    }
    private let state = Mutex(State())
    private let bell = Bell()
    private static let bufferBytes = 16 << 10

    /// Connects, and converses until there is an answer or the time is over.
    func converse(
        _ conversation: any ProbeConversation, with address: SocketAddress, within timeout: Duration
    ) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        let deadline = ContinuousClock.now + timeout
        switch ProbeSocket.connect(to: address) {
        case .failed(let failure): return .failure(failure)
        case .begun(let socket): return await wait(socket, conversation, deadline, isConnected: false)
        case .done(let socket):
            var conversation = conversation
            guard case .goOn(let bytes) = conversation.begin() else {
                socket.close()
                return .success(.connected)
            }
            return await wait(socket, conversation, deadline, isConnected: true, unsent: bytes[...])
        }
    }

    private func wait(
        _ socket: ProbeSocket, _ conversation: any ProbeConversation, _ deadline: ContinuousClock.Instant, isConnected: Bool,
        unsent: ArraySlice<UInt8> = []
    ) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        await withCheckedContinuation { continuation in
            var connection = Connection(
                socket: socket, conversation: conversation, deadline: deadline, isConnected: isConnected, unsent: unsent,
                answer: continuation)
            if let end = connection.sendOn() { return connection.finish(end) }
            add(connection)
        }
    }

    private func add(_ connection: Connection) {
        let (needsThread, mustRing) = state.withLock { state in
            state.arrivals.append(connection)
            defer { (state.hasThread, state.isAsleep) = (true, false) }
            return (!state.hasThread, state.isAsleep)
        }
        if mustRing { bell.ring() }
        if needsThread { LoopThread.start { [self] in loop() } }
    }

    private func loop() -> Never {
        var connections: [Connection] = []
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            connections += state.withLock { state in
                defer { (state.arrivals, state.isAsleep) = ([], true) }
                return state.arrivals
            }
            var entries = [bell.pollEntry] + connections.map(\.pollEntry)
            let count = unsafe poll(&entries, nfds_t(entries.count), Self.milliseconds(until: connections.map(\.deadline).min()))
            state.withLock { $0.isAsleep = false }
            guard count >= 0 || errno == EINTR else { continue }
            if entries[0].revents != 0 { bell.silence() }
            let now = ContinuousClock.now
            var kept: [Connection] = []
            for (index, var connection) in connections.enumerated() {
                if let end = connection.step(entries[index + 1].revents, now, &buffer) {
                    connection.finish(end)
                } else {
                    kept.append(connection)
                }
            }
            connections = kept
        }
    }

    /// For poll(2): -1 is for ever. Rounded up, or the thread would look too early and again at once.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline)
        return left <= .zero ? 0 : Int32(clamping: left.wholeMilliseconds + 1)
    }
}

extension ProbeSockets.Connection {
    typealias End = Result<ProbeAnswer, ProbeSocketFailure>

    var pollEntry: pollfd {
        let wantsToSend = !isConnected || !unsent.isEmpty
        return pollfd(fd: socket.fd, events: Int16(wantsToSend ? POLLOUT : POLLIN), revents: 0)
    }

    /// - Returns: How it ended; nil: it goes on.
    mutating func step(_ events: Int16, _ now: ContinuousClock.Instant, _ buffer: inout [UInt8]) -> End? {
        if events != 0, let end = goOn(&buffer) { return end }
        return now >= deadline ? .failure(timeout) : nil
    }

    private mutating func goOn(_ buffer: inout [UInt8]) -> End? {
        if !isConnected {
            if let failure = socket.connectFailure { return .failure(failure) }
            isConnected = true
            return take(conversation.begin())
        }
        if !unsent.isEmpty { return sendOn() }
        return receiveAll(&buffer)
    }

    private mutating func receiveAll(_ buffer: inout [UInt8]) -> End? {
        while true {
            switch socket.receive(into: &buffer) {
            case .wait: return nil
            case .failed(let failure): return .failure(failure)
            case .bytes(0): return take(conversation.end())
            case .bytes(let count):
                if let end = take(conversation.receive(buffer[..<count])) { return end }
                if !unsent.isEmpty { return nil }
            }
        }
    }

    private mutating func take(_ step: ConversationStep) -> End? {
        switch step {
        case .done(let answer): return .success(answer)
        case .goOn(let bytes):
            unsent += bytes
            return sendOn()
        }
    }

    mutating func sendOn() -> End? {
        while !unsent.isEmpty {
            switch socket.send(unsent) {
            case .bytes(let count): unsent = unsent.dropFirst(count)
            case .wait: return nil
            case .failed(let failure): return .failure(failure)
            }
        }
        return nil
    }

    private var timeout: ProbeSocketFailure {
        let stage: ProbeSocketFailure.Stage = isConnected ? conversation.hasBegunToAnswer ? .reading : .waiting : .connecting
        let text = isConnected ? "context deadline exceeded" : "dial tcp \(socket.address.text): i/o timeout"
        return ProbeSocketFailure(stage: stage, isTimeout: true, text: text)
    }

    func finish(_ end: End) {
        socket.close()
        answer.resume(returning: end)
    }
}
