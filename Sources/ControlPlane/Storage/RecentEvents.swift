/// The last events of a store, bounded in number and in bytes: what watches that keep up read from.
struct RecentEvents: Sendable {
    let countMax: Int
    let bytesMax: Int
    private var events: [StorageEvent] = []
    /// Where the kept ones begin; those before are dropped in one go, when they are half.
    private var head = 0
    private var bytes = 0
    /// Every event after this revision is kept.
    private(set) var floor: Int64

    init(floor: Int64, countMax: Int, bytesMax: Int) {
        self.floor = floor
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    mutating func append(_ commit: [StorageEvent]) {
        events += commit
        for event in commit { bytes += event.sizeBytes }
        while head < events.count, events.count - head > countMax || bytes > bytesMax {
            floor = events[head].revision
            bytes -= events[head].sizeBytes
            head += 1
        }
        if head > events.count / 2 {
            events.removeFirst(head)
            head = 0
        }
    }

    /// The events after a revision; nil when they are not all kept.
    func events(after revision: Int64) -> ArraySlice<StorageEvent>? {
        guard revision >= floor else { return nil }
        var low = head
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].revision > revision { high = middle } else { low = middle + 1 }
        }
        return events[low...]
    }
}

extension StorageEvent {
    var sizeBytes: Int { key.utf8.count + value.count + (previous?.count ?? 0) }
}
