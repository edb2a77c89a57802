internal import KubernetesAPI

extension Duration {
    /// - Returns: nil for anything but a duration of Go.
    package init?(go text: String) {
        guard let seconds = GoDuration.seconds(text), abs(seconds) < 9e9 else { return nil }
        self = .nanoseconds(Int64((seconds * 1e9).rounded()))
    }

    /// As Go's `Duration.String` writes it: `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`.
    package var goText: String {
        let (seconds, attoseconds) = components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        if nanoseconds == 0 { return "0s" }
        if nanoseconds < 0 { return "-" + Duration.nanoseconds(-nanoseconds).goText }
        switch nanoseconds {
        case ..<1_000: return "\(nanoseconds)ns"
        case ..<1_000_000: return Self.decimal(nanoseconds, 1_000) + "µs"
        case ..<1_000_000_000: return Self.decimal(nanoseconds, 1_000_000) + "ms"
        default:
            let rest = Self.decimal(nanoseconds % 60_000_000_000, 1_000_000_000) + "s"
            if seconds < 60 { return rest }
            return seconds < 3600 ? "\(seconds / 60)m\(rest)" : "\(seconds / 3600)h\(seconds / 60 % 60)m\(rest)"
        }
    }

    /// As Go prints a duration cut to milliseconds: `15ms`, `1.2s`, `1m0.5s`.
    package var goMillisecondsText: String {
        Duration.milliseconds(components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000).goText
    }

    private static func decimal(_ value: Int64, _ unit: Int64) -> String {
        let fraction = String(value % unit + unit).dropFirst()
        let digits = fraction.reversed().drop { $0 == "0" }.reversed()
        return digits.isEmpty ? "\(value / unit)" : "\(value / unit).\(String(digits))"
    }
}
