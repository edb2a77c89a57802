internal import APIMachinery

/// Times as CEL bounds and prints them.
enum TimestampText {
    /// From 0001-01-01T00:00:00Z to the end of the year 9999.
    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// - Returns: nil for a time outside the years 1 to 9999.
    static func checked(seconds: Int64, nanoseconds: Int64) -> Timestamp? {
        let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        return range.contains(seconds) && range.contains(time.seconds) ? time : nil
    }

    /// RFC 3339 with as many digits of the second's fraction as are needed.
    static func text(_ time: Timestamp) -> String {
        guard time.nanoseconds != 0 else { return time.description }
        var text = String(time.formatted(fractionDigits: 9).dropLast())
        while text.hasSuffix("0") { text.removeLast() }
        return text + "Z"
    }
}
