/// Finds where the last lines of a log begin.
struct LogTail {
    /// Reads bytes of a file before an offset, at most so many; like `LogFile.read`.
    typealias Source = (_ offset: Int, _ count: Int) -> [UInt8]

    private static let blockBytes = 64 << 10
    /// More than any entry's header.
    private static let headerBytes = 96

    /// How many lines are still wanted.
    private(set) var linesLeft: Int64
    private var hasSeenEntry = false

    init(lines: Int64) { linesLeft = lines }

    /// Goes back through one file, the newest first. Lines in pieces count once.
    ///
    /// - Returns: Where to begin in this file; nil when all of it is wanted and perhaps more before it.
    mutating func start(sizeBytes: Int, _ read: Source) -> Int? {
        // What comes after the last line feed is not written to its end yet: an entry that nobody can read.
        guard var end = Self.lastLineFeed(before: sizeBytes, read) else { return linesLeft == 0 ? sizeBytes : nil }
        while true {
            let start = Self.lastLineFeed(before: end, read).map { $0 + 1 } ?? 0
            let isPartial = Self.isPartial(Array(read(start, min(Self.headerBytes, end - start))))
            if !isPartial || !hasSeenEntry {
                if linesLeft == 0 { return end + 1 }
                linesLeft -= 1
            }
            hasSeenEntry = true
            if start == 0 { return nil }
            end = start - 1
        }
    }

    private static func isPartial(_ header: [UInt8]) -> Bool {
        unsafe header.withUnsafeBytes { unsafe EntryLayout($0)?.isPartial ?? false }
    }

    private static func lastLineFeed(before end: Int, _ read: Source) -> Int? {
        var end = end
        while end > 0 {
            let start = max(0, end - blockBytes)
            if let index = read(start, end - start).lastIndex(of: UInt8(ascii: "\n")) { return start + index }
            end = start
        }
        return nil
    }
}

/// Keeps the block that was read last: going back line by line asks for much the same bytes again and again.
struct BlockCache {
    private var start = 0
    private var bytes: [UInt8] = []

    mutating func read(_ file: LogFile, at offset: Int, upTo count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        if offset < start || offset + count > start + bytes.count {
            // Going back: the bytes before are asked for next.
            start = max(0, offset + count - (256 << 10))
            bytes = file.read(at: start, upTo: offset + count - start)
        }
        let from = min(offset - start, bytes.count)
        return Array(bytes[from..<min(from + count, bytes.count)])
    }
}
