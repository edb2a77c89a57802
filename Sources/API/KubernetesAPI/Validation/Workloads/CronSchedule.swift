internal import APIMachinery

/// A schedule of five fields, or a descriptor such as `@hourly` and `@every 5m`.
package struct CronSchedule: Hashable, Sendable {
    /// Sets of numbers as bits: minute 0–59, hour 0–23, day of month 1–31, month 1–12, day of week 0–6 (Sunday is 0).
    package var minutes: UInt64 = 0
    package var hours: UInt64 = 0
    package var daysOfMonth: UInt64 = 0
    package var months: UInt64 = 0
    package var daysOfWeek: UInt64 = 0
    /// Whether the field is `*` or `?`: then the other of the two day fields decides alone.
    package var isAnyDayOfMonth = false
    package var isAnyDayOfWeek = false
    /// Of `@every`: the fixed distance between runs. The other fields are then empty.
    package var everySeconds: Int64?

    package init(parsing text: String) throws(CronScheduleError) {
        if text.hasPrefix("@every ") {
            everySeconds = try Self.interval(text)
            return
        }
        if text.hasPrefix("@"), Self.descriptors[text] == nil {
            throw CronScheduleError(description: "unrecognized descriptor: \(text)")
        }
        let text = Self.descriptors[text] ?? text
        let fields = text.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard fields.count == 5 else {
            throw CronScheduleError(
                description: "expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]")
        }
        minutes = try CronField.minute.parse(fields[0])
        hours = try CronField.hour.parse(fields[1])
        daysOfMonth = try CronField.dayOfMonth.parse(fields[2])
        months = try CronField.month.parse(fields[3])
        daysOfWeek = try CronField.dayOfWeek.parse(fields[4])
        isAnyDayOfMonth = CronField.isAny(fields[2])
        isAnyDayOfWeek = CronField.isAny(fields[4])
    }

    private static let descriptors = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    private static func interval(_ descriptor: String) throws(CronScheduleError) -> Int64 {
        let text = String(descriptor.dropFirst("@every ".count))
        guard let seconds = GoDuration.seconds(text) else {
            throw CronScheduleError(
                description: "failed to parse duration \(descriptor): time: invalid duration \(text.quoted)")
        }
        return max(1, Int64(seconds))
    }
}

package struct CronScheduleError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// A field of a schedule: its bounds and names.
private struct CronField {
    let bounds: ClosedRange<Int>
    var names: [String] = []
    /// The number of the first name.
    var firstName = 0

    static let minute = CronField(bounds: 0...59)
    static let hour = CronField(bounds: 0...23)
    static let dayOfMonth = CronField(bounds: 1...31)
    static let month = CronField(
        bounds: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], firstName: 1)
    static let dayOfWeek = CronField(
        bounds: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    static func isAny(_ text: String) -> Bool {
        text.split(separator: ",").contains { $0.first == "*" || $0.first == "?" }
    }

    func parse(_ text: String) throws(CronScheduleError) -> UInt64 {
        var bits: UInt64 = 0
        for part in text.split(separator: ",") { bits |= try range(String(part)) }
        return bits
    }

    /// `*`, `N`, `N-M`, each with `/STEP` behind it.
    private func range(_ text: String) throws(CronScheduleError) -> UInt64 {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        var (start, end): (Int, Int)
        if ends[0] == "*" || ends[0] == "?" {
            (start, end) = (bounds.lowerBound, bounds.upperBound)
        } else {
            start = try number(ends[0])
            switch ends.count {
            case 1: end = start
            case 2: end = try number(ends[1])
            default: throw CronScheduleError(description: "too many hyphens: \(text)")
            }
        }
        var step = 1
        if parts.count == 2 {
            step = try integer(parts[1])
            if ends.count == 1 { end = bounds.upperBound }  // N/STEP goes on to the end
        } else if parts.count > 2 {
            throw CronScheduleError(description: "too many slashes: \(text)")
        }
        try check(start, end, step, text)
        return stride(from: start, through: end, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private func check(_ start: Int, _ end: Int, _ step: Int, _ text: String) throws(CronScheduleError) {
        if start < bounds.lowerBound {
            throw CronScheduleError(
                description: "beginning of range (\(start)) below minimum (\(bounds.lowerBound)): \(text)")
        }
        if end > bounds.upperBound {
            throw CronScheduleError(description: "end of range (\(end)) above maximum (\(bounds.upperBound)): \(text)")
        }
        if start > end {
            throw CronScheduleError(description: "beginning of range (\(start)) beyond end of range (\(end)): \(text)")
        }
        if step == 0 {
            throw CronScheduleError(description: "step of range should be a positive number: \(text)")
        }
    }

    private func number(_ text: String) throws(CronScheduleError) -> Int {
        if let index = names.firstIndex(of: text.lowercased()) { return index + firstName }
        return try integer(text)
    }

    private func integer(_ text: String) throws(CronScheduleError) -> Int {
        guard let number = Int(text) else {
            throw CronScheduleError(
                description: "failed to parse int from \(text): strconv.Atoi: parsing \(text.quoted): invalid syntax")
        }
        if number < 0 { throw CronScheduleError(description: "negative number (\(number)) not allowed: \(text)") }
        return number
    }
}
