extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with whole seconds: `2026-01-31T23:59:59Z`.
    package var description: String { formatted(fractionDigits: 0) }

    /// RFC 3339 in UTC, the fraction cut off (not rounded) after a fixed number of digits.
    ///
    /// - Parameter fractionDigits: 0 to 9; kubelet logs take 9.
    package func formatted(fractionDigits: Int) -> String {
        precondition((0...9).contains(fractionDigits), "a timestamp has at most nine digits after the point")
        let (days, secondOfDay) = seconds.flooredQuotientAndRemainder(dividingBy: 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        var text: [UInt8] = []
        text.reserveCapacity(30)
        text.append(digits: date.year, width: 4)
        text.append(UInt8(ascii: "-"))
        text.append(digits: date.month, width: 2)
        text.append(UInt8(ascii: "-"))
        text.append(digits: date.day, width: 2)
        text.append(UInt8(ascii: "T"))
        text.append(digits: secondOfDay / 3600, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(digits: secondOfDay / 60 % 60, width: 2)
        text.append(UInt8(ascii: ":"))
        text.append(digits: secondOfDay % 60, width: 2)
        if fractionDigits > 0 {
            var fraction = Int64(nanoseconds)
            for _ in fractionDigits..<9 { fraction /= 10 }
            text.append(UInt8(ascii: "."))
            text.append(digits: fraction, width: fractionDigits)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads RFC 3339 with any offset and up to nine digits of a second's fraction; nil when the text is something else.
    package init?(_ text: String) {
        var scanner = TimestampScanner()
        guard let timestamp = scanner.timestamp(text.utf8.span) else { return nil }
        self = timestamp
    }
}

extension MicroTimestamp {
    package init?(_ text: String) {
        guard let timestamp = Timestamp(text) else { return nil }
        self.init(timestamp)
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate: Hashable {
    var year: Int64
    /// 1 to 12.
    var month: Int64
    /// 1 to 31.
    var day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Counts in years that begin on 1 March, so that the leap day is a year's last, and in eras of 400 years.
    init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468  // days from 0000-03-01 to 1970-01-01
        let (era, dayOfEra) = shifted.flooredQuotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredQuotientAndRemainder(dividingBy: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Whether the calendar has this day.
    var isValid: Bool {
        (1...12).contains(month) && (1...31).contains(day) && CivilDate(daysSinceEpoch: daysSinceEpoch) == self
    }
}

private struct TimestampScanner {
    private var position = 0

    mutating func timestamp(_ text: Span<UInt8>) -> Timestamp? {
        guard let year = number(4, text), skip("-", text), let month = number(2, text), skip("-", text),
            let day = number(2, text), skip("T", text) || skip("t", text),
            let hour = number(2, text), hour < 24, skip(":", text), let minute = number(2, text), minute < 60,
            skip(":", text), let second = number(2, text), second < 60,
            let nanoseconds = fraction(text), let offset = offsetSeconds(text), position == text.count
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isValid else { return nil }
        let secondOfDay = hour * 3600 + minute * 60 + second
        return Timestamp(seconds: date.daysSinceEpoch * 86_400 + secondOfDay - offset, nanoseconds: nanoseconds)
    }

    private mutating func number(_ width: Int, _ text: Span<UInt8>) -> Int64? {
        guard position + width <= text.count else { return nil }
        var value: Int64 = 0
        for _ in 0..<width {
            let digit = text[position] &- 0x30
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
            position += 1
        }
        return value
    }

    private mutating func skip(_ character: Unicode.Scalar, _ text: Span<UInt8>) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Nanoseconds; 0 when there is no fraction, nil when the point has no digit after it. More than nine digits are cut off.
    private mutating func fraction(_ text: Span<UInt8>) -> Int64? {
        guard skip(".", text) else { return 0 }
        var value: Int64 = 0
        var count = 0
        while position < text.count, case let digit = text[position] &- 0x30, digit < 10 {
            if count < 9 { value = value * 10 + Int64(digit) }
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 9)..<9 { value *= 10 }
        return value
    }

    private mutating func offsetSeconds(_ text: Span<UInt8>) -> Int64? {
        if skip("Z", text) || skip("z", text) { return 0 }
        let isWest = skip("-", text)
        guard isWest || skip("+", text), let hours = number(2, text), hours < 24, skip(":", text),
            let minutes = number(2, text), minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }
}

extension [UInt8] {
    /// Appends a decimal number, with zeros in front up to the width.
    fileprivate mutating func append(digits value: Int64, width: Int) {
        let text = String(value.magnitude)
        if value < 0 { append(UInt8(ascii: "-")) }
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, width - text.utf8.count)))
        append(contentsOf: text.utf8)
    }
}
