/// Durations as `kubectl get` prints them.
package enum HumanDuration {
    private static let (minute, hour, day, year): (Int64, Int64, Int64, Int64) = (60, 3600, 86_400, 31_536_000)

    /// - Parameter seconds: May be a little below zero, when clocks differ.
    /// - Returns: `47s`, `3m5s`, `90m`, `5h10m`, `30h`, `5d3h`, `40d`, `2y40d`, `9y`.
    package static func text(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        switch seconds {
        case ..<(2 * minute): return "\(seconds)s"
        case ..<(10 * minute): return pair(seconds, minute, "m", 1, "s")
        case ..<(3 * hour): return "\(seconds / minute)m"
        case ..<(8 * hour): return pair(seconds, hour, "h", minute, "m")
        case ..<(2 * day): return "\(seconds / hour)h"
        case ..<(8 * day): return pair(seconds, day, "d", hour, "h")
        case ..<(2 * year): return "\(seconds / day)d"
        case ..<(8 * year): return pair(seconds, year, "y", day, "d")
        default: return "\(seconds / year)y"
        }
    }

    private static func pair(_ seconds: Int64, _ large: Int64, _ name: String, _ small: Int64, _ other: String) -> String {
        let rest = seconds % large / small
        return rest == 0 ? "\(seconds / large)\(name)" : "\(seconds / large)\(name)\(rest)\(other)"
    }
}
