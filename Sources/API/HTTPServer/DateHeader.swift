internal import Glibc
import Synchronization

/// The value of the `Date` field (RFC 9110, 5.6.7), made once a second.
final class DateHeader: Sendable {
    private struct Made {
        var second = time_t.min
        var text = ""
    }
    private let made = Mutex(Made())

    var now: String {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        let second = time.tv_sec
        return made.withLock {
            if $0.second != second { $0 = Made(second: second, text: Self.text(of: second)) }
            return $0.text
        }
    }

    /// - Parameter second: Since 1970.
    static func text(of second: time_t) -> String {
        var second = second
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&second, &parts)
        let day = unsafe ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
        let month = unsafe ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(parts.tm_mon)]
        let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits($0) }.joined(separator: ":")
        return unsafe "\(day), \(twoDigits(parts.tm_mday)) \(month) \(parts.tm_year + 1900) \(clock) GMT"
    }

    private static func twoDigits(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
