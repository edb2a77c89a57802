/// A second of UTC as a calendar writes it.
struct CivilTime: Equatable {
    var year, month, day, hour, minute, second: Int64

    /// - Parameter seconds: Since 1970-01-01T00:00:00Z, may be negative.
    init(secondsSince1970 seconds: Int64) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let inDay = seconds - days * 86_400
        hour = inDay / 3_600
        minute = inDay / 60 % 60
        second = inDay % 60
        // The Gregorian calendar counted in 400-year eras that begin on 1 March, so that the leap day is a year's last.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2026-01-02T03:04:05`
    var rfc3339: [UInt8] {
        Self.joined(year, month, day, dateSeparator: [0x2d]) + [0x54] + Self.joined(hour, minute, second, dateSeparator: [0x3a], width: 2)
    }

    /// `20260102-030405`, as the kubelet names rotated logs.
    var compact: [UInt8] {
        Self.joined(year, month, day, dateSeparator: []) + [0x2d] + Self.joined(hour, minute, second, dateSeparator: [], width: 2)
    }

    private static func joined(_ first: Int64, _ second: Int64, _ third: Int64, dateSeparator: [UInt8], width: Int = 4) -> [UInt8] {
        Text.digits(UInt64(max(0, first)), width: width) + dateSeparator + Text.digits(UInt64(second), width: 2)
            + dateSeparator + Text.digits(UInt64(third), width: 2)
    }
}
