internal import APIMachinery

/// How a zone's clocks go each year, in the form of the environment variable TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule {
    private var standard: Int64 = 0
    private var summer: (offset: Int64, begin: Day, end: Day)?

    /// A day of the year and the time of day at which the clocks change, in seconds.
    private struct Day {
        enum Form {
            /// Month, week (5 is the last), day of the week.
            case weekday(Int64, Int64, Int64)
            /// From 1, without leap days.
            case julian(Int64)
            /// From 0, with leap days.
            case ordinal(Int64)
        }
        var form: Form
        var time: Int64 = 7200
    }

    init?(_ text: String) {
        var scanner = Scanner(rest: text[...])
        guard scanner.name(), let west = scanner.time() else { return nil }
        standard = -west
        if scanner.rest.isEmpty { return }
        guard scanner.name() else { return nil }
        let offset = scanner.rest.hasPrefix(",") ? standard + 3600 : scanner.time().map { -$0 } ?? standard + 3600
        guard let begin = scanner.day(), let end = scanner.day() else { return nil }
        summer = (offset, begin, end)
    }

    private struct Scanner {
        var rest: Substring

        mutating func take(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        mutating func name() -> Bool {
            if take("<") {
                rest = rest.drop { $0 != ">" }
                return take(">")
            }
            let length = rest.prefix { $0.isLetter }.count
            rest = rest.dropFirst(length)
            return length >= 3
        }

        mutating func number() -> Int64? {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            return digits.count < 10 ? Int64(digits) : nil
        }

        mutating func time() -> Int64? {
            let sign: Int64 = take("-") ? -1 : 1
            _ = take("+")
            guard var seconds = number().map({ $0 * 3600 }) else { return nil }
            if take(":") { seconds += (number() ?? 0) * 60 }
            if take(":") { seconds += number() ?? 0 }
            return seconds * sign
        }

        mutating func day() -> Day? {
            guard take(","), var day = form().map({ Day(form: $0) }) else { return nil }
            if take("/") {
                guard let time = time() else { return nil }
                day.time = time
            }
            return day
        }

        private mutating func form() -> Day.Form? {
            if take("M") {
                guard let month = number(), take("."), let week = number(), take("."), let weekday = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                return .weekday(month, week, weekday)
            }
            return take("J") ? number().map { .julian($0) } : number().map { .ordinal($0) }
        }
    }

    func offset(at seconds: Int64) -> Int64 {
        guard let summer else { return standard }
        let year = ClockReading(Timestamp(seconds: seconds), offset: standard).year
        // Each change is told in the time that held before it.
        let begin = Self.seconds(summer.begin, year) - standard
        let end = Self.seconds(summer.end, year) - summer.offset
        let isSummer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end
        return isSummer ? summer.offset : standard
    }

    private static func seconds(_ day: Day, _ year: Int64) -> Int64 {
        func start(_ month: Int64) -> Int64 { Self.days(year, month) }
        let days: Int64
        switch day.form {
        case .ordinal(let count): days = start(1) + count
        case .julian(let count): days = start(1) + count - 1 + (count >= 60 && start(3) - start(2) == 29 ? 1 : 0)
        case .weekday(let month, let week, let weekday):
            let first = start(month)
            let next = month == 12 ? Self.days(year + 1, 1) : start(month + 1)
            let begin = ((first + 4) % 7 + 7) % 7
            var date = first + (weekday - begin + 7) % 7 + (week - 1) * 7
            while date >= next { date -= 7 }
            days = date
        }
        return days * 86_400 + day.time
    }

    /// Of the first of a month, since 1970.
    private static func days(_ year: Int64, _ month: Int64) -> Int64 {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return (Timestamp("\(padded(year, 4))-\(padded(month, 2))-01T00:00:00Z")?.seconds ?? 0) / 86_400
    }
}
