internal import APIMachinery
import Synchronization

/// Bounds how many requests are worked on at once, and shares the places fairly: who has few requests under way comes before who has many.
///
/// Everything short of a full house passes without waiting. Users wait in lines of their own; places that become free go from line to line in turn.
final class FairQueue: Sendable {
    struct Limits: Sendable {
        var places = 600
        /// Waiting requests of one user.
        var lineLengthMax = 100
        var waitMax = Duration.seconds(15)
    }

    fileprivate struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Bool, Never>
    }
    fileprivate struct State {
        var taken = 0
        var nextID = 0
        var lines: [String: [Waiter]] = [:]
        /// Users with a line, in the order of their turns.
        var turns: [String] = []
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(limits: Limits = Limits()) { self.limits = limits }

    /// - Throws: 429 when the user's line is full, or did not get its turn in time.
    func enter(_ user: String) async throws(Status) {
        if state.withLock({ $0.takePlace(limits.places) }) { return }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let timer = Task {
            try await Task.sleep(for: limits.waitMax)
            giveUp(user, id)
        }
        let hasPlace = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(user, id, $0) }
        } onCancel: {
            giveUp(user, id)
        }
        timer.cancel()
        guard hasPlace else { throw Self.refusal }
    }

    func leave(_ user: String) {
        let next = state.withLock { $0.passOn() }
        next?.resume(returning: true)
    }

    /// How many are worked on, and how many wait.
    var load: (taken: Int, waiting: Int) { state.withLock { ($0.taken, $0.lines.values.reduce(0) { $0 + $1.count }) } }

    private func wait(_ user: String, _ id: Int, _ continuation: CheckedContinuation<Bool, Never>) {
        let answer = state.withLock { state -> Bool? in
            if state.takePlace(limits.places) { return true }
            if Task.isCancelled || state.lines[user, default: []].count >= limits.lineLengthMax { return false }
            if state.lines[user, default: []].isEmpty { state.turns.append(user) }
            state.lines[user, default: []].append(Waiter(id: id, continuation: continuation))
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func giveUp(_ user: String, _ id: Int) {
        let waiter = state.withLock { $0.remove(user, id) }
        waiter?.resume(returning: false)
    }

    private static var refusal: Status {
        var details = Status.Details()
        details.retryAfterSeconds = 1
        return Status(
            code: 429, reason: .tooManyRequests, message: "Too many requests, please try again later.", details: details)
    }
}

extension FairQueue.State {
    fileprivate mutating func takePlace(_ places: Int) -> Bool {
        guard taken < places, turns.isEmpty else { return false }
        taken += 1
        return true
    }

    /// A place is free: it goes to the line whose turn it is.
    fileprivate mutating func passOn() -> CheckedContinuation<Bool, Never>? {
        guard !turns.isEmpty else {
            taken -= 1
            return nil
        }
        let user = turns.removeFirst()
        guard var line = lines[user], !line.isEmpty else { return passOn() }
        let waiter = line.removeFirst()
        lines[user] = line.isEmpty ? nil : line
        if !line.isEmpty { turns.append(user) }
        return waiter.continuation
    }

    fileprivate mutating func remove(_ user: String, _ id: Int) -> CheckedContinuation<Bool, Never>? {
        guard var line = lines[user], let place = line.firstIndex(where: { $0.id == id }) else { return nil }
        let waiter = line.remove(at: place)
        lines[user] = line.isEmpty ? nil : line
        if line.isEmpty { turns.removeAll { $0 == user } }
        return waiter.continuation
    }
}
