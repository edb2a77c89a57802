internal import Storage

/// The items of a resource in the order of their keys' bytes.
///
/// An array of short arrays, as the store's own index: a copy shares them all, so a reader takes one under a lock in no time.
struct ItemIndex: Sendable {
    private static let chunkLengthMax = 256
    private var chunks: [[StoredItem]] = []
    private(set) var count = 0

    private struct Position: Comparable {
        var chunk: Int
        var offset: Int
        static func < (a: Position, b: Position) -> Bool { (a.chunk, a.offset) < (b.chunk, b.offset) }
    }

    init() {}

    /// - Parameter items: In the order of their keys.
    init(sorted items: [StoredItem]) {
        chunks = stride(from: 0, to: items.count, by: Self.chunkLengthMax).map {
            Array(items[$0..<min(items.count, $0 + Self.chunkLengthMax)])
        }
        count = items.count
    }

    subscript(key: String) -> StoredItem? {
        let position = position { !$0.precedes(key) }
        guard position.chunk < chunks.count else { return nil }
        let item = chunks[position.chunk][position.offset]
        return item.key.isSame(as: key) ? item : nil
    }

    mutating func set(_ item: StoredItem) {
        guard !chunks.isEmpty else {
            chunks = [[item]]
            count = 1
            return
        }
        var position = position { !$0.precedes(item.key) }
        if position.chunk < chunks.count, chunks[position.chunk][position.offset].key.isSame(as: item.key) {
            chunks[position.chunk][position.offset] = item
            return
        }
        if position.chunk == chunks.count { position = Position(chunk: chunks.count - 1, offset: chunks[chunks.count - 1].count) }
        chunks[position.chunk].insert(item, at: position.offset)
        count += 1
        if chunks[position.chunk].count > Self.chunkLengthMax { split(position) }
    }

    mutating func remove(_ key: String) {
        let position = position { !$0.precedes(key) }
        guard position.chunk < chunks.count, chunks[position.chunk][position.offset].key.isSame(as: key) else { return }
        chunks[position.chunk].remove(at: position.offset)
        count -= 1
        if chunks[position.chunk].isEmpty { chunks.remove(at: position.chunk) }
    }

    /// Calls `body` with each item of a prefix behind `after`, in order, until it says false.
    ///
    /// - Returns: How many items of the prefix come behind the last one that was handed over.
    func forEach(prefix: String, after: String?, _ body: (StoredItem) -> Bool) -> Int {
        let end = position { !$0.precedes(prefix) && !$0.hasBytePrefix(prefix) }
        var position =
            if let after, !after.precedes(prefix) { position { after.precedes($0) } } else { position { !$0.precedes(prefix) } }
        while position < end {
            let chunk = chunks[position.chunk]
            let last = position.chunk == end.chunk ? end.offset : chunk.count
            for offset in position.offset..<last where !body(chunk[offset]) {
                return rank(end) - rank(Position(chunk: position.chunk, offset: offset)) - 1
            }
            position = Position(chunk: position.chunk + 1, offset: 0)
        }
        return 0
    }

    func count(prefix: String) -> Int {
        rank(position { !$0.precedes(prefix) && !$0.hasBytePrefix(prefix) }) - rank(position { !$0.precedes(prefix) })
    }

    private func position(where isBehind: (String) -> Bool) -> Position {
        let chunk = chunks.partitionPoint { isBehind($0[$0.count - 1].key) }
        guard chunk < chunks.count else { return Position(chunk: chunk, offset: 0) }
        return Position(chunk: chunk, offset: chunks[chunk].partitionPoint { isBehind($0.key) })
    }

    private func rank(_ position: Position) -> Int {
        var rank = position.offset
        for chunk in 0..<min(position.chunk, chunks.count) { rank += chunks[chunk].count }
        return rank
    }

    private mutating func split(_ position: Position) {
        let length = chunks[position.chunk].count
        let middle = position.offset == length - 1 ? length - 1 : length / 2
        let tail = Array(chunks[position.chunk][middle...])
        chunks[position.chunk].removeSubrange(middle...)
        chunks.insert(tail, at: position.chunk + 1)
    }
}

extension Array {
    fileprivate func partitionPoint(where condition: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
