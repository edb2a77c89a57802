/// The latest changes of a resource, from which watches begin and go on. Older ones are read from the store.
struct RecentChanges: Sendable {
    static let countMax = 512
    /// Every change after this revision is here.
    private(set) var floor: Int64
    /// In order. What lies before `start` has been dropped already, but not yet moved out.
    private var changes: [Change] = []
    private var start = 0

    init(floor: Int64) { self.floor = floor }

    mutating func append(_ change: Change) {
        changes.append(change)
        guard changes.count - start > Self.countMax else { return }
        floor = changes[start].revision
        start += 1
        if start >= Self.countMax {
            changes.removeFirst(start)
            start = 0
        }
    }

    /// - Returns: nil when changes after that revision are no longer all here.
    func changes(after revision: Int64) -> ArraySlice<Change>? {
        guard revision >= floor else { return nil }
        var low = start
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].revision > revision { high = middle } else { low = middle + 1 }
        }
        return changes[low...]
    }
}
