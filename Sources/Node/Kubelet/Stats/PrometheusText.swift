/// Metrics in the text format of Prometheus (exposition format 0.0.4).
struct PrometheusText {
    enum Kind: String { case counter, gauge, histogram }
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// - Parameter timestamp: Nanoseconds since the epoch; milliseconds are written.
    mutating func add(_ name: String, _ labels: [(String, String)] = [], _ value: String, at timestamp: Int64? = nil) {
        text += name
        if !labels.isEmpty { text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}" }
        text += " \(value)"
        if let timestamp { text += " \(timestamp / 1_000_000)" }
        text += "\n"
    }

    static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var escaped = ""
        for character in value {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// Seconds with the digits of nanoseconds.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let digits = String(nanoseconds % 1_000_000_000 + 1_000_000_000).dropFirst()
        var fraction = digits[...]
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(nanoseconds / 1_000_000_000)" : "\(nanoseconds / 1_000_000_000).\(fraction)"
    }
}
