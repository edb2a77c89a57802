/// Which keys wait, which are worked on, and which come later: the decisions of a `WorkQueue`.
struct KeySchedule<Key: Hashable & Sendable>: Sendable {
    private var order: [Key] = []
    private var head = 0
    /// To be worked on: waiting in `order`, or being worked on and added again.
    private var dirty: Set<Key> = []
    private var processing: Set<Key> = []
    /// Delayed keys; the earliest time that was asked for wins.
    private var timers = TimerHeap<Key>()
    var delays: RetryDelays<Key>
    var isShutDown = false

    init(delays: RetryDelays<Key>) { self.delays = delays }

    var count: Int { order.count - head }
    var isEmpty: Bool { head == order.count }
    var earliestDue: Duration? { timers.next }

    /// - Returns: How many workers have something to do.
    mutating func add(_ key: Key) -> Int {
        guard !isShutDown, dirty.insert(key).inserted, !processing.contains(key) else { return 0 }
        order.append(key)
        return 1
    }

    /// - Returns: Whether no other key is due before.
    mutating func add(_ key: Key, at newDue: Duration) -> Bool {
        guard !isShutDown, timers[key].map({ newDue < $0 }) ?? true else { return false }
        let isEarliest = timers.next.map { newDue < $0 } ?? true
        timers.set(key, at: newDue)
        return isEarliest
    }

    /// - Returns: How many workers have something to do.
    mutating func addDue(at now: Duration) -> Int {
        var count = 0
        while let key = timers.take(at: now) { count += add(key) }
        return count
    }

    mutating func take() -> Key? {
        guard !isEmpty else { return nil }
        let key = order[head]
        head += 1
        if head > 64, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
        dirty.remove(key)
        processing.insert(key)
        return key
    }

    mutating func finish(_ key: Key) -> Int {
        processing.remove(key)
        guard dirty.contains(key) else { return 0 }
        order.append(key)
        return 1
    }
}
