internal import Glibc

/// Makes of a log file's bytes what clients see. A value: bytes in, bytes out.
///
/// An entry is `<RFC3339Nano> <stdout|stderr> <P|F>[:tag…] <content>` and a line feed; the runtime writes times in UTC with nine digits, so that
/// they compare as text. Pieces of one line (`P`) are joined.
struct LogLines: Sendable {
    private let timestamps: Bool
    /// RFC 3339 with nine digits; entries before it are left out.
    private let since: [UInt8]?
    private let wantsStdout: Bool
    private let wantsStderr: Bool
    /// How many bytes may still come out.
    private var bytesLeft: Int
    /// An entry whose end has not come yet.
    private var unfinished: [UInt8] = []
    /// Whether the stream's next entry begins a line.
    private var isAtLineStart = (stdout: true, stderr: true)

    init(_ options: LogOptions) {
        timestamps = options.timestamps
        since = options.since.map { Array($0.formatted(fractionDigits: 9).utf8) }
        wantsStdout = options.streams.contains(.stdout)
        wantsStderr = options.streams.contains(.stderr)
        bytesLeft = options.limitBytes.map { Int(clamping: $0) } ?? .max
    }

    /// Nothing more will come out.
    var isFull: Bool { bytesLeft == 0 }

    /// Another file begins: what the last one did not finish never will be.
    mutating func beginFile() { unfinished.removeAll(keepingCapacity: true) }

    mutating func transform(_ input: ArraySlice<UInt8>, into output: inout [UInt8]) {
        var rest = input
        if !unfinished.isEmpty {
            guard let end = rest.firstIndex(of: Self.lineFeed) else {
                unfinished += rest
                return
            }
            unfinished += rest[..<end]
            let entry = unfinished
            unfinished.removeAll(keepingCapacity: true)
            unsafe entry.withUnsafeBufferPointer { unsafe appendEntry(UnsafeRawBufferPointer($0), to: &output) }
            rest = rest[(end + 1)...]
        }
        let consumed = unsafe rest.withUnsafeBytes { bytes in unsafe appendEntries(bytes, to: &output) }
        unfinished += rest.dropFirst(consumed)
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")

    /// - Returns: How many bytes were whole entries.
    private mutating func appendEntries(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var start = 0
        while start < bytes.count, let end = unsafe memchr(base + start, CInt(Self.lineFeed), bytes.count - start) {
            let length = unsafe UnsafeRawPointer(end) - (base + start)
            unsafe appendEntry(UnsafeRawBufferPointer(start: base + start, count: length), to: &output)
            start += length + 1
        }
        return start
    }

    private mutating func appendEntry(_ entry: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        guard bytesLeft > 0, let layout = unsafe EntryLayout(entry) else { return }
        guard layout.isStdout ? wantsStdout : wantsStderr else { return }
        if let since, unsafe Self.isEarlier(entry, timeLength: layout.timeLength, since) { return }
        if timestamps, layout.isStdout ? isAtLineStart.stdout : isAtLineStart.stderr {
            unsafe append(UnsafeRawBufferPointer(rebasing: entry[..<(layout.timeLength + 1)]), to: &output)
        }
        unsafe append(UnsafeRawBufferPointer(rebasing: entry[layout.content...]), to: &output)
        if !layout.isPartial, bytesLeft > 0 {
            output.append(Self.lineFeed)
            if bytesLeft != .max { bytesLeft -= 1 }
        }
        if layout.isStdout { isAtLineStart.stdout = !layout.isPartial } else { isAtLineStart.stderr = !layout.isPartial }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        let count = min(bytes.count, bytesLeft)
        unsafe output.append(contentsOf: bytes[..<count])
        if bytesLeft != .max { bytesLeft -= count }
    }

    private static func isEarlier(_ entry: UnsafeRawBufferPointer, timeLength: Int, _ since: [UInt8]) -> Bool {
        unsafe entry[..<timeLength].lexicographicallyPrecedes(since)
    }
}

/// Where the parts of an entry are.
struct EntryLayout {
    var timeLength: Int
    var isStdout: Bool
    var isPartial: Bool
    /// Where the content begins.
    var content: Int

    /// - Parameter entry: Without its line feed.
    /// - Returns: nil when it is none.
    init?(_ entry: UnsafeRawBufferPointer) {
        // What this runtime writes: a time of 30 bytes, a stream of 6, a tag of 1.
        if entry.count >= 40, unsafe entry[30] == 0x20, unsafe entry[37] == 0x20, unsafe entry[39] == 0x20 {
            timeLength = 30
            isStdout = unsafe entry[36] == UInt8(ascii: "t")
            isPartial = unsafe entry[38] == UInt8(ascii: "P")
            content = 40
            return
        }
        func space(after index: Int) -> Int? { unsafe entry[index...].firstIndex(of: 0x20) }
        guard let time = space(after: 0), let stream = space(after: time + 1), stream == time + 7, let tags = space(after: stream + 1),
            tags > stream + 1
        else { return nil }
        timeLength = time
        isStdout = unsafe entry[stream - 1] == UInt8(ascii: "t")
        isPartial = unsafe entry[stream + 1] == UInt8(ascii: "P")
        content = tags + 1
    }
}
