internal import APIMachinery
internal import Kubelet

/// Picks those lines of a container's log that were asked for, and prints them where the container wrote them.
struct LogPrinter {
    /// Only so many lines of what is there at first; nil is all.
    var tail: Int?
    /// Only what was written since.
    var since: Timestamp?
    var showsTimestamps = false
    /// In front of each line.
    var prefix = ""
    /// Streams in the middle of a line: it has come in pieces so far.
    private var unfinished: Set<ContainerLogLine.Stream> = []

    init() {}

    /// Prints the end of what has been written, as far as it was asked for.
    mutating func printSoFar(_ cursor: inout ContainerLogCursor) {
        guard let tail else { return printNew(&cursor) }
        let wanted = sinceText
        var lines = LastLines(limit: tail)
        cursor.drain { line in
            if wanted.map({ line.timestamp >= $0 }) ?? true { lines.add(line) }
        }
        for piece in lines.pieces { show(piece) }
    }

    /// Prints what has come since the last call.
    mutating func printNew(_ cursor: inout ContainerLogCursor) {
        let wanted = sinceText
        cursor.drain { line in
            if wanted.map({ line.timestamp >= $0 }) ?? true { show(line) }
        }
    }

    private mutating func show(_ line: ContainerLogLine) {
        var bytes: [UInt8] = []
        if !unfinished.contains(line.stream) {
            bytes += Array(prefix.utf8)
            if showsTimestamps { bytes += Array(line.timestamp.utf8) + [UInt8(ascii: " ")] }
        }
        bytes += line.content
        if line.isPartial {
            unfinished.insert(line.stream)
        } else {
            unfinished.remove(line.stream)
            bytes.append(UInt8(ascii: "\n"))
        }
        Output.write(bytes, to: line.stream == .stderr ? 2 : 1)
    }

    /// In the log's own form, whose order as text is that in time.
    private var sinceText: String? {
        since.map { time in
            let seconds = time.truncatedToSeconds
            let nanoseconds = String(time.nanosecondsSinceEpoch - seconds.nanosecondsSinceEpoch)
            return "\(seconds.description.dropLast()).\(String(repeating: "0", count: 9 - nanoseconds.count))\(nanoseconds)Z"
        }
    }
}

/// The last so many whole lines of a log. A line that was written in pieces counts as one.
private struct LastLines {
    let limit: Int
    private var lines: [[ContainerLogLine]] = []
    /// Where each stream's unfinished line stands.
    private var open: [ContainerLogLine.Stream: Int] = [:]

    init(limit: Int) { self.limit = limit }

    var pieces: [ContainerLogLine] { lines.suffix(limit).flatMap { $0 } }

    mutating func add(_ piece: ContainerLogLine) {
        if let index = open[piece.stream] {
            lines[index].append(piece)
        } else {
            lines.append([piece])
        }
        open[piece.stream] = piece.isPartial ? open[piece.stream] ?? lines.count - 1 : nil
        trim()
    }

    /// In larger steps: each moves all that stays.
    private mutating func trim() {
        let surplus = lines.count - limit
        guard surplus > limit + 64, (open.values.min() ?? surplus) >= surplus else { return }
        lines.removeFirst(surplus)
        open = open.mapValues { $0 - surplus }
    }
}
