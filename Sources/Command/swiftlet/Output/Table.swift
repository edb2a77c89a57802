/// Aligned columns under a header in capitals, as kubectl prints them: three spaces between columns.
struct Table {
    var header: [String]
    var rows: [[String]] = []

    init(header: [String]) { self.header = header }

    var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        return ([header] + rows).map { line(of: $0, widths: widths) }.joined(separator: "\n")
    }

    private func line(of row: [String], widths: [Int]) -> String {
        var line = ""
        for (column, cell) in row.enumerated() {
            line += cell
            if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 3) }
        }
        return line
    }
}

/// A time span as kubectl shortens it: `12s`, `3m4s`, `5h`, `2d3h`.
func shortAge(nanoseconds: Int64) -> String {
    let seconds = max(0, nanoseconds / 1_000_000_000)
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
    if seconds < 120 { return "\(seconds)s" }
    if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
    if hours < 3 { return "\(minutes)m" }
    if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
    if hours < 48 { return "\(hours)h" }
    if days < 8 { return hours % 24 == 0 ? "\(days)d" : "\(days)d\(hours % 24)h" }
    return "\(days)d"
}
