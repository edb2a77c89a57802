/// The keys that expire, soonest first. A key that was written again or deleted stays in it until its turn, when the index knows better.
package struct ExpiryQueue: Sendable {
    package struct Item: Sendable {
        /// Milliseconds since 1970.
        package var time: Int64
        package var key: String
    }
    /// A binary heap: no item is later than the two at twice its place.
    private var heap: [Item] = []

    package init() {}

    package var next: Int64? { heap.first?.time }

    package mutating func add(_ key: String, at time: Int64) {
        heap.append(Item(time: time, key: key))
        var child = heap.count - 1
        while child > 0, heap[child].time < heap[(child - 1) / 2].time {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the items due at `now` out, soonest first, at most `limit`.
    package mutating func removeDue(at now: Int64, limit: Int) -> [Item] {
        var due: [Item] = []
        while due.count < limit, let first = heap.first, first.time <= now {
            due.append(first)
            removeFirst()
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].time < heap[least].time { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
