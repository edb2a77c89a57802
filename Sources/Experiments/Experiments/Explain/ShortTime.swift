/// Spans of time as people read them.
enum ShortTime {
    /// `850 µs`, `12 ms`, `3.2 s`, `2m10s`, `3h20m`, `2d4h`; a minus before what is to come.
    static func text(_ duration: Duration) -> String {
        if duration < .zero { return "-" + text(.zero - duration) }
        let (seconds, attoseconds) = duration.components
        if seconds == 0 {
            let micros = attoseconds / 1_000_000_000_000
            return micros < 1_000 ? "\(micros) µs" : micros < 10_000 ? decimal(micros / 100, 10) + " ms" : "\(micros / 1_000) ms"
        }
        if seconds < 10 { return decimal(seconds * 10 + attoseconds / 100_000_000_000_000_000, 10) + " s" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return pair(seconds / 60, "m", seconds % 60, "s") }
        if seconds < 86_400 { return pair(seconds / 3_600, "h", seconds % 3_600 / 60, "m") }
        return pair(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h")
    }

    private static func pair(_ first: Int64, _ unit: String, _ second: Int64, _ smaller: String) -> String {
        second == 0 ? "\(first)\(unit)" : "\(first)\(unit)\(second)\(smaller)"
    }

    private static func decimal(_ value: Int64, _ divisor: Int64) -> String {
        value % divisor == 0 ? "\(value / divisor)" : "\(value / divisor).\(value % divisor)"
    }
}
