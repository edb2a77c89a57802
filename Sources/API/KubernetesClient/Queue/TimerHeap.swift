/// Keys and when each is due, the earliest first; of those that are due together the one that was set first.
package struct TimerHeap<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var due: Duration
        var order: UInt64
        var key: Key

        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.order) < (right.due, right.order) }
    }
    /// A binary heap. An entry whose order is no longer that of its key was replaced; the first one never is such.
    private var heap: [Entry] = []
    private var current: [Key: (due: Duration, order: UInt64)] = [:]
    private var lastOrder: UInt64 = 0

    package init() {}

    package var count: Int { current.count }
    /// When the first key is due.
    package var next: Duration? { heap.first?.due }
    package subscript(key: Key) -> Duration? { current[key]?.due }

    /// Sets when a key is due, in the place of what was set for it before.
    package mutating func set(_ key: Key, at due: Duration) {
        lastOrder += 1
        current[key] = (due, lastOrder)
        heap.append(Entry(due: due, order: lastOrder, key: key))
        siftUp(heap.count - 1)
        dropReplaced()
    }

    package mutating func cancel(_ key: Key) {
        guard current.removeValue(forKey: key) != nil else { return }
        dropReplaced()
    }

    /// Takes the first key, if it is due.
    package mutating func take(at now: Duration) -> Key? {
        guard let first = heap.first, first.due <= now else { return nil }
        current[first.key] = nil
        dropReplaced()
        return first.key
    }

    private mutating func dropReplaced() {
        // What was replaced often would otherwise stay in the middle for long.
        if heap.count > 64, heap.count > current.count * 2 { heap = heap.filter { isCurrent($0) }.sorted { $0 < $1 } }
        while let first = heap.first, !isCurrent(first) {
            let last = heap.removeLast()
            guard !heap.isEmpty else { return }
            heap[0] = last
            siftDown()
        }
    }

    private func isCurrent(_ entry: Entry) -> Bool { current[entry.key]?.order == entry.order }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown() {
        var index = 0
        while true {
            var least = index
            for child in [index * 2 + 1, index * 2 + 2] where child < heap.count && heap[child] < heap[least] { least = child }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
