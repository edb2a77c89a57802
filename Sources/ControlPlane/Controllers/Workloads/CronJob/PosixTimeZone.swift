/// The rule at the end of a time zone file, for all time after the last change that is listed: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX.1, TZ).
struct PosixTimeZone: Hashable {
    /// The week-th weekday of a month (5 is the last), at so many seconds after local midnight, which may be beyond the day.
    struct Change: Hashable {
        var month: Int
        var week: Int
        var weekday: Int
        var seconds: Int
    }
    /// Seconds east of Greenwich.
    var standardOffset: Int
    var daylight: (offset: Int, start: Change, end: Change)?

    init?(_ text: String) {
        var scanner = Scanner(rest: text.utf8[...])
        guard scanner.skipName(), let west = scanner.time() else { return nil }
        standardOffset = -west
        guard !scanner.rest.isEmpty else { return }
        guard scanner.skipName() else { return nil }
        let offset = scanner.rest.first == UInt8(ascii: ",") ? standardOffset + 3600 : scanner.time().map { -$0 }
        guard let offset, let start = scanner.change(), let end = scanner.change() else { return nil }
        daylight = (offset, start, end)
    }

    /// - Parameter seconds: Since 1970, UTC.
    func offset(at seconds: Int) -> Int {
        guard let daylight else { return standardOffset }
        let year = CivilDay(number: floorDivide(seconds + standardOffset, 86_400)).year
        let start = daylight.start.instant(in: year, offset: standardOffset)
        let end = daylight.end.instant(in: year, offset: daylight.offset)
        // In the south it is summer at the turn of the year.
        let isDaylight = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
        return isDaylight ? daylight.offset : standardOffset
    }

    static func == (left: Self, right: Self) -> Bool {
        left.standardOffset == right.standardOffset && left.daylight?.offset == right.daylight?.offset
            && left.daylight?.start == right.daylight?.start && left.daylight?.end == right.daylight?.end
    }

    func hash(into hasher: inout Hasher) { hasher.combine(standardOffset) }
}

extension PosixTimeZone.Change {
    /// - Parameter offset: What holds until then.
    fileprivate func instant(in year: Int, offset: Int) -> Int {
        let first = CivilDay(year: year, month: month, day: 1).number
        var day = first + (weekday - CivilDay.weekday(first) + 7) % 7 + (week - 1) * 7
        let next = month == 12 ? CivilDay(year: year + 1, month: 1, day: 1) : CivilDay(year: year, month: month + 1, day: 1)
        while day >= next.number { day -= 7 }
        return day * 86_400 + seconds - offset
    }
}

func floorDivide(_ value: Int, _ divisor: Int) -> Int { value >= 0 ? value / divisor : (value - divisor + 1) / divisor }

private struct Scanner {
    var rest: Substring.UTF8View

    /// `CET` or `<+0330>`.
    mutating func skipName() -> Bool {
        if rest.first == UInt8(ascii: "<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let name = rest.prefix { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
        rest = rest.dropFirst(name.count)
        return name.count >= 3
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time() -> Int? {
        let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard var seconds = number().map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where rest.first == UInt8(ascii: ":") {
            rest = rest.dropFirst()
            guard let part = number() else { return nil }
            seconds += part * unit
        }
        return sign * seconds
    }

    /// `,Mm.w.d[/time]`. The form with days of the year is not used by any zone of the database.
    mutating func change() -> PosixTimeZone.Change? {
        guard skip(","), skip("M"), let month = number(), skip("."), let week = number(), skip("."), let weekday = number(),
            1...12 ~= month, 1...5 ~= week, 0...6 ~= weekday
        else { return nil }
        var seconds = 7200
        if skip("/") {
            guard let own = time() else { return nil }
            seconds = own
        }
        return .init(month: month, week: week, weekday: weekday, seconds: seconds)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func number() -> Int? {
        let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        guard !digits.isEmpty, digits.count < 6 else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
