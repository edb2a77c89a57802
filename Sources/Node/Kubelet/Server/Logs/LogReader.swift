/// Reads a container instance's log from where a client wants it, over rotations. Every call may block on the disk.
struct LogReader: ~Copyable {
    private static let pieceBytes = 256 << 10

    private let files: LogFiles
    private var lines: LogLines
    /// Still to be read, the first one being read.
    private var queue: [LogFile]
    private var offset = 0

    init(path: String, _ options: LogOptions) {
        files = LogFiles(current: path)
        lines = LogLines(options)
        queue = files.paths.compactMap { LogFile($0) }
        if let count = options.tailLines { skip(toLast: count) }
    }

    /// The client has got as much as it wanted.
    var isComplete: Bool { lines.isFull }

    /// - Returns: The next part of the answer; nil when there is no more at present.
    mutating func next() -> [UInt8]? {
        if queue.isEmpty {
            // The container has written nothing until now.
            queue = files.paths.compactMap { LogFile($0) }
        }
        while !lines.isFull, let file = queue.first {
            let bytes = file.read(at: offset, upTo: Self.pieceBytes)
            if bytes.isEmpty {
                guard advance(from: file) else { return nil }
                continue
            }
            offset += bytes.count
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count)
            lines.transform(bytes[...], into: &output)
            if !output.isEmpty { return output }
        }
        return nil
    }

    /// Goes on to the next file.
    ///
    /// - Returns: False when there is none.
    private mutating func advance(from file: LogFile) -> Bool {
        if queue.count == 1 {
            let following = files.following(file)
            guard !following.isEmpty else { return false }
            queue += following
            // What was written between the last read and the rename.
            if file.sizeBytes > offset { return true }
        }
        queue.removeFirst()
        offset = 0
        lines.beginFile()
        return true
    }

    private mutating func skip(toLast count: Int64) {
        var tail = LogTail(lines: count)
        for index in queue.indices.reversed() {
            let file = queue[index]
            var cache = BlockCache()
            guard let start = tail.start(sizeBytes: file.sizeBytes, { cache.read(file, at: $0, upTo: $1) }) else { continue }
            queue.removeFirst(index)
            offset = start
            return
        }
    }
}
