internal import CRI

/// When each image was first seen and last used, and which may go. A pure value: times are the caller's.
struct ImageUsage: Sendable {
    private struct Record: Sendable {
        var firstSeen: Duration
        /// nil: never since this agent began.
        var lastUsed: Duration?
        var size: UInt64
        var isPinned: Bool
    }
    private var records: [String: Record] = [:]

    /// - Parameter inUse: Ids of images that containers have.
    mutating func observe(_ images: [Image], inUse: Set<String>, now: Duration) {
        var seen: [String: Record] = [:]
        for image in images {
            var record = records[image.id] ?? Record(firstSeen: now, lastUsed: nil, size: 0, isPinned: false)
            (record.size, record.isPinned) = (image.size, image.pinned)
            if inUse.contains(image.id) { record.lastUsed = now }
            seen[image.id] = record
        }
        records = seen
    }

    /// Images that may go, those first that have not been used for longest.
    ///
    /// - Parameters:
    ///   - bytes: Enough when so many are freed.
    ///   - now: The time of the last observation: what was used then is in use.
    func victims(toFree bytes: UInt64, _ policy: ImageGCPolicy, now: Duration) -> [String] {
        var (victims, freed): ([String], UInt64) = ([], 0)
        for (id, record) in candidates(now) {
            let isOld = policy.maximumAge > .zero && now - (record.lastUsed ?? record.firstSeen) > policy.maximumAge
            guard isOld || (freed < bytes && now - record.firstSeen >= policy.minimumAge) else { continue }
            victims.append(id)
            freed += record.size
        }
        return victims
    }

    func size(_ id: String) -> UInt64 { records[id]?.size ?? 0 }

    /// Before any time of a clock that begins with zero.
    private static let never = Duration.seconds(-1)

    private func candidates(_ now: Duration) -> [(id: String, record: Record)] {
        records.filter { !$0.value.isPinned && $0.value.lastUsed != now }.map { (id: $0.key, record: $0.value) }.sorted { left, right in
            let (a, b) = (left.record, right.record)
            return (a.lastUsed ?? Self.never, a.firstSeen, left.id) < (b.lastUsed ?? Self.never, b.firstSeen, right.id)
        }
    }
}
