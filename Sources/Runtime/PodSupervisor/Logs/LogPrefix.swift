/// Which of a container's outputs a line came from.
enum LogStream: UInt8 {
    case stdout, stderr
}

/// What stands before the content of each line in a CRI log: `2026-01-02T03:04:05.123456789Z stdout F `, always 40 bytes.
struct LogPrefix {
    static let size = 40
    /// The index of the `F` (the line is whole) or `P` (its end is in a later entry).
    static let tagIndex = 38

    /// Formatting the date is done once a second.
    private var second: Int64 = .min
    private(set) var bytes = [UInt8](repeating: 0, count: size)

    mutating func set(nanosecondsSince1970 time: Int64, stream: LogStream) {
        let second = time / Instant.second
        if second != self.second {
            self.second = second
            replace(at: 0, with: CivilTime(secondsSince1970: second).rfc3339)
            replace(at: 19, with: [0x2e])
        }
        replace(at: 20, with: Text.digits(UInt64(max(0, time - second * Instant.second)), width: 9))
        replace(at: 29, with: Text(stream == .stdout ? "Z stdout F " : "Z stderr F ").bytes)
    }

    private mutating func replace(at start: Int, with new: [UInt8]) {
        for index in new.indices { bytes[start + index] = new[index] }
    }
}
