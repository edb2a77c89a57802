/// What an index holds.
public protocol Keyed: Sendable {
    var key: String { get }
}

/// Entries in the order of their keys' bytes, with counting by position.
///
/// An array of short arrays: a copy shares them all, so a reader takes one under a lock in no time and reads it at leisure, and the next change
/// copies one short array. Finding is two binary searches, counting a range adds the lengths of the arrays between.
///
/// Inlinable, so that other modules' entries get code of their own, and public, since nothing less is specialised across modules: several times as fast.
public struct KeyIndex<Entry: Keyed>: Sendable {
    /// Long enough that few arrays are needed, short enough that moving and copying one costs a microsecond or two.
    @inlinable static var chunkLengthMax: Int { 256 }

    @usableFromInline var chunks: [[Entry]] = []
    @usableFromInline var entryCount = 0
    @inlinable public var count: Int { entryCount }

    /// Where an entry is or would be.
    @usableFromInline struct Position: Comparable {
        @usableFromInline var chunk: Int
        @usableFromInline var offset: Int

        @inlinable init(chunk: Int, offset: Int) {
            self.chunk = chunk
            self.offset = offset
        }

        @inlinable static func < (a: Position, b: Position) -> Bool { (a.chunk, a.offset) < (b.chunk, b.offset) }
    }

    @inlinable public init() {}

    /// - Parameter entries: In the order of their keys.
    @inlinable public init(sorted entries: [Entry]) {
        chunks = stride(from: 0, to: entries.count, by: Self.chunkLengthMax).map {
            Array(entries[$0..<min(entries.count, $0 + Self.chunkLengthMax)])
        }
        entryCount = entries.count
    }

    @inlinable public subscript(key: String) -> Entry? {
        let position = position { !$0.precedes(key) }
        guard let entry = entry(at: position), entry.key.isSame(as: key) else { return nil }
        return entry
    }

    /// Adds an entry or replaces the one of the same key.
    @inlinable public mutating func set(_ entry: Entry) {
        guard !chunks.isEmpty else {
            self = Self(sorted: [entry])
            return
        }
        var position = position { !$0.precedes(entry.key) }
        if let found = self.entry(at: position), found.key.isSame(as: entry.key) {
            chunks[position.chunk][position.offset] = entry
            return
        }
        // Behind the last entry of all: the end of the last array rather than a new one.
        if position.chunk == chunks.count { position = Position(chunk: chunks.count - 1, offset: chunks[chunks.count - 1].count) }
        chunks[position.chunk].insert(entry, at: position.offset)
        entryCount += 1
        if chunks[position.chunk].count > Self.chunkLengthMax { split(position) }
    }

    @inlinable public mutating func remove(_ key: String) {
        let position = position { !$0.precedes(key) }
        guard let found = entry(at: position), found.key.isSame(as: key) else { return }
        chunks[position.chunk].remove(at: position.offset)
        entryCount -= 1
        if chunks[position.chunk].isEmpty { chunks.remove(at: position.chunk) }
    }

    /// How many keys begin with `prefix` and are behind `after`.
    @inlinable public func count(prefix: String, after: String? = nil) -> Int {
        let range = range(prefix: prefix, after: after)
        return max(0, rank(range.end) - rank(range.start))
    }

    /// The entries of `prefix` behind `after`, at most `limit`, and how many more there are.
    @inlinable public func entries(prefix: String, after: String?, limit: Int?) -> (entries: [Entry], remaining: Int) {
        let (start, end) = range(prefix: prefix, after: after)
        guard start < end else { return ([], 0) }
        let total = rank(end) - rank(start)
        let wanted = min(total, limit ?? total)
        var entries: [Entry] = []
        entries.reserveCapacity(wanted)
        var position = start
        while entries.count < wanted {
            let chunk = chunks[position.chunk]
            entries += chunk[position.offset..<min(chunk.count, position.offset + wanted - entries.count)]
            position = Position(chunk: position.chunk + 1, offset: 0)
        }
        return (entries, total - wanted)
    }

    /// Calls `body` with each entry of `prefix` behind `after`, in order, until it says false.
    ///
    /// - Returns: How many entries of the prefix come behind the last one that was handed over.
    @inlinable public func forEach(prefix: String, after: String?, _ body: (Entry) -> Bool) -> Int {
        var (position, end) = range(prefix: prefix, after: after)
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

    @inlinable func range(prefix: String, after: String?) -> (start: Position, end: Position) {
        let end = position { !$0.precedes(prefix) && !$0.hasBytePrefix(prefix) }
        guard let after, !after.precedes(prefix) else { return (position { !$0.precedes(prefix) }, end) }
        return (position { after.precedes($0) }, end)
    }

    /// The first entry whose key satisfies a condition that, once true, stays true for all keys behind.
    @inlinable @inline(__always) func position(where isBehind: (String) -> Bool) -> Position {
        let chunk = chunks.partitionPoint { isBehind($0[$0.count - 1].key) }
        guard chunk < chunks.count else { return Position(chunk: chunk, offset: 0) }
        return Position(chunk: chunk, offset: chunks[chunk].partitionPoint { isBehind($0.key) })
    }

    @inlinable func entry(at position: Position) -> Entry? {
        position.chunk < chunks.count ? chunks[position.chunk][position.offset] : nil
    }

    @inlinable func rank(_ position: Position) -> Int {
        var rank = position.offset
        for chunk in 0..<position.chunk { rank += chunks[chunk].count }
        return rank
    }

    /// An array that grew at its end was filled in order, as when a store is opened: it stays full, and the new entry begins the next.
    @inlinable mutating func split(_ position: Position) {
        let length = chunks[position.chunk].count
        let middle = position.offset == length - 1 ? length - 1 : length / 2
        let tail = Array(chunks[position.chunk][middle...])
        chunks[position.chunk].removeSubrange(middle...)
        chunks.insert(tail, at: position.chunk + 1)
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element satisfies a condition that, once true, stays true; the end if none does.
    @inlinable @inline(__always) func partitionPoint(where condition: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
