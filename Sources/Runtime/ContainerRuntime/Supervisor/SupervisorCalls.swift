internal import Dispatch
internal import SupervisorAPI
internal import Synchronization

/// The requests of a client that wait for an answer.
final class SupervisorCalls: Sendable {
    typealias Answer = Result<SupervisorPacket, SupervisorError.Reason>
    typealias Completion = @Sendable (Answer) -> Void

    private struct State {
        var nextID: UInt32 = 16  // the handshake uses lower ones
        var waiting: [UInt32: Completion] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A number for a request; nil when no answer can come any more.
    func begin(_ completion: @escaping Completion) -> UInt32? {
        state.withLock { state -> UInt32? in
            guard !state.isClosed else { return nil }
            repeat { state.nextID = max(16, state.nextID &+ 1) } while state.waiting[state.nextID] != nil
            state.waiting[state.nextID] = completion
            return state.nextID
        }
    }

    /// - Returns: Whether somebody still waited.
    @discardableResult
    func end(_ id: UInt32, _ answer: Answer?) -> Bool {
        let completion = state.withLock { state in state.waiting.removeValue(forKey: id) }
        if let completion, let answer { completion(answer) }
        return completion != nil
    }

    /// Everybody who waits learns that the supervisor is gone. False when that was known.
    func close() -> Bool {
        let waiting = state.withLock { state -> [UInt32: Completion]? in
            if state.isClosed { return nil }
            state.isClosed = true
            let waiting = state.waiting
            state.waiting = [:]
            return waiting
        }
        guard let waiting else { return false }
        for completion in waiting.values { completion(.failure(.gone)) }
        return true
    }
}

/// A thread's wait for one answer.
final class BlockedCall: Sendable {
    private let answer = Mutex<SupervisorCalls.Answer?>(nil)
    private let semaphore = DispatchSemaphore(value: 0)

    func complete(_ answer: SupervisorCalls.Answer) {
        self.answer.withLock { $0 = answer }
        semaphore.signal()
    }

    var answerIfThere: SupervisorCalls.Answer? { answer.withLock { $0 } }

    /// - Parameter timeout: nil waits for ever.
    func wait(_ timeout: Duration?) -> SupervisorCalls.Answer? {
        if let timeout {
            let nanoseconds = min(timeout, .seconds(1 << 31)) / .nanoseconds(1)
            _ = semaphore.wait(timeout: .now() + .nanoseconds(Int(max(0, nanoseconds))))
        } else {
            semaphore.wait()
        }
        return answerIfThere
    }
}
