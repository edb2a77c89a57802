/// Which keys wait, which are worked on, and which come later: the decisions of a `WorkQueue`.
struct KeySchedule<Key: Hashable & Sendable>: Sendable {
    private var order: [Key] = []
    private var head = 0
    /// To be worked on: waiting in `order`, or being worked on and added again.
    private var dirty: Set<Key> = []
    private var processing: Set<Key> = []
    /// When each delayed key is due; the earliest wins.
    private var due: [Key: Duration] = [:]
    private(set) var earliestDue: Duration?
    var delays: RetryDelays<Key>
    var isShutDown = false

    init(delays: RetryDelays<Key>) { self.delays = delays }

    var count: Int { order.count - head }
    var isEmpty: Bool { head == order.count }

    /// - Returns: How many workers have something to do.
    mutating func add(_ key: Key) -> Int {
        guard !isShutDown, dirty.insert(key).inserted, !processing.contains(key) else { return 0 }
        order.append(key)
        return 1
    }

    /// - Returns: Whether no other key is due before.
    mutating func add(_ key: Key, at newDue: Duration) -> Bool {
        guard !isShutDown, due[key].map({ newDue < $0 }) ?? true else { return false }
        due[key] = newDue
        guard earliestDue.map({ newDue < $0 }) ?? true else { return false }
        earliestDue = newDue
        return true
    }

    /// - Returns: How many workers have something to do.
    mutating func addDue(at now: Duration) -> Int {
        guard let earliestDue, earliestDue <= now else { return 0 }
        var count = 0
        for (key, due) in due where due <= now {
            self.due[key] = nil
            count += add(key)
        }
        self.earliestDue = due.values.min()
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
