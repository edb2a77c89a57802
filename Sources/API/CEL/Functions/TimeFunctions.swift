internal import APIMachinery

extension Libraries {
    /// The parts of times and durations: `getFullYear()`, `getHours('Europe/Berlin')`.
    static func addTimes(_ table: inout FunctionTable) {
        let parts: [(String, @Sendable (ClockReading) -> Int64)] = [
            ("getFullYear", { $0.year }), ("getMonth", { $0.month - 1 }), ("getDayOfMonth", { $0.day - 1 }), ("getDate", { $0.day }),
            ("getDayOfYear", { $0.dayOfYear }), ("getDayOfWeek", { $0.dayOfWeek }), ("getHours", { $0.secondOfDay / 3600 }),
            ("getMinutes", { $0.secondOfDay / 60 % 60 }), ("getSeconds", { $0.secondOfDay % 60 }),
            ("getMilliseconds", { $0.milliseconds }),
        ]
        for (name, part) in parts {
            table.member(name) { (time: Timestamp) in part(ClockReading(time, offset: 0)) }
            table.member(name) { (time: Timestamp, zone: String) in
                guard let offset = TimeZoneOffset.seconds(zone, at: time.seconds) else {
                    throw CELEvaluationError("unknown time zone \(zone)")
                }
                return part(ClockReading(time, offset: offset))
            }
        }
        let lengths: [(String, Int64)] = [
            ("getHours", 3_600_000_000_000), ("getMinutes", 60_000_000_000), ("getSeconds", 1_000_000_000), ("getMilliseconds", 1_000_000),
        ]
        for (name, unit) in lengths { table.member(name) { (length: CELNanoseconds) in length.count / unit } }
    }
}

/// What a clock and a calendar show.
struct ClockReading {
    let year: Int64
    /// 1 to 12.
    let month: Int64
    /// 1 to 31.
    let day: Int64
    let secondOfDay: Int64
    let milliseconds: Int64
    private let days: Int64

    /// - Parameter offset: Of the clock, in seconds east of UTC.
    init(_ time: Timestamp, offset: Int64) {
        let seconds = time.seconds + offset
        let rest = seconds % 86_400
        secondOfDay = rest < 0 ? rest + 86_400 : rest
        days = (seconds - secondOfDay) / 86_400
        milliseconds = Int64(time.nanoseconds) / 1_000_000
        let date = Timestamp(seconds: seconds).description.prefix { $0 != "T" }.split(separator: "-").map { Int64($0) ?? 0 }
        (year, month, day) = (date[0], date[1], date[2])
    }

    /// From 0.
    var dayOfYear: Int64 {
        let digits = String(year)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return days - (Timestamp("\(padded)-01-01T00:00:00Z")?.seconds ?? 0) / 86_400
    }

    /// From 0, a Sunday.
    var dayOfWeek: Int64 { ((days + 4) % 7 + 7) % 7 }
}
