/// Pods in an order, the first on top. What has left the queue meanwhile is thrown away when it comes up.
struct PodHeap: Sendable {
    struct Entry: Sendable {
        var pod: QueuedPod
        var ticket: Int
    }
    private(set) var entries: [Entry] = []
    private let precedes: @Sendable (QueuedPod, QueuedPod) -> Bool

    init(_ precedes: @escaping @Sendable (QueuedPod, QueuedPod) -> Bool) { self.precedes = precedes }

    var top: Entry? { entries.first }

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard isBefore(index, parent) else { return }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    mutating func pop() -> Entry? {
        guard !entries.isEmpty else { return nil }
        entries.swapAt(0, entries.count - 1)
        let top = entries.removeLast()
        sink(0)
        return top
    }

    /// Throws away what does not count any more, when that is the greater part.
    mutating func compact(keeping liveCount: Int, _ isLive: (Entry) -> Bool) {
        guard entries.count > 64, entries.count > 2 * liveCount else { return }
        entries.removeAll { !isLive($0) }
        for index in stride(from: entries.count / 2, through: 0, by: -1) { sink(index) }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var first = index
            for child in [2 * index + 1, 2 * index + 2] where child < entries.count && isBefore(child, first) { first = child }
            guard first != index else { return }
            entries.swapAt(index, first)
            index = first
        }
    }

    /// Of equals, who came first.
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        if precedes(entries[left].pod, entries[right].pod) { return true }
        return !precedes(entries[right].pod, entries[left].pod) && entries[left].ticket < entries[right].ticket
    }
}
