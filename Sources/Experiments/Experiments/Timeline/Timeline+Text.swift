internal import APIMachinery

extension Timeline {
    /// For people: a line for each phase, and where the time went until the pod was ready.
    package var text: String {
        let shown = spans.filter { !$0.isProbe }
        let rows = shown.map { span in
            [
                "+" + Self.seconds(span.begin - origin), duration(of: span),
                span.lane + (span.attempt.map { "#\($0)" } ?? ""), (span.failure.isEmpty ? "" : "✗ ") + span.name,
                [span.detail, span.failure].filter { !$0.isEmpty }.joined(separator: ": "),
            ]
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            let cells = (0..<4).map { column -> String in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < 2 ? padding + row[column] : row[column] + padding
            }
            return ("  " + cells.joined(separator: "  ") + "  " + row[4].split(separator: "\n").joined(separator: " ")).trimmedRight
        }
        return
            (["\(pod) from \(origin.formatted(fractionDigits: 6)) on, in seconds"] + lines + probeLines + sumLines
            + gaps.map { "not known: \($0)" }).joined(separator: "\n")
    }

    private var probeLines: [String] {
        Dictionary(grouping: spans.filter(\.isProbe), by: \.lane).sorted { $0.key < $1.key }.flatMap { lane, attempts in
            let failed = attempts.filter { !$0.failure.isEmpty }
            let took = attempts.map { end(of: $0) - $0.begin }.max() ?? .zero
            return [
                "",
                "probe \(lane): \(attempts.count) attempts are remembered, \(failed.count) failed; the slowest took \(ShortTime.text(took))",
            ]
                + failed.suffix(5).map {
                    "  +\(Self.seconds($0.begin - origin))  \($0.failure): \($0.detail.split(separator: "\n").joined(separator: " "))"
                }
        }
    }

    private var sumLines: [String] {
        let sums = sumsUntilReady
        guard let ready, !sums.isEmpty else { return [] }
        let parts = sums.map { "\($0.name) \(ShortTime.text($0.sum))" }.joined(separator: ", ")
        return ["", "ready after \(ShortTime.text(ready - origin)): \(parts)"]
    }

    /// What was at work before the pod was ready, the longest first. What went on side by side counts twice.
    package var sumsUntilReady: [(name: String, sum: Duration)] {
        guard let ready else { return [] }
        let waits: Set<String> = ["run", "created", "accepted", "probe", "deletion"]
        var sums: [String: Duration] = [:]
        for span in spans where !span.isProbe && !waits.contains(span.name) && span.begin < ready {
            sums[span.name, default: .zero] += min(end(of: span), ready) - span.begin
        }
        return sums.filter { $0.value > .zero }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    private func duration(of span: Span) -> String {
        guard let end = span.end else { return Self.seconds(now - span.begin) + " …" }
        return end == span.begin ? "" : Self.seconds(end - span.begin)
    }

    /// With microseconds: `12.000345`.
    static func seconds(_ duration: Duration) -> String {
        let micros = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let sign = micros < 0 ? "-" : ""
        return "\(sign)\(abs(micros) / 1_000_000).\(String(abs(micros) % 1_000_000 + 1_000_000).dropFirst())"
    }
}

extension String {
    fileprivate var trimmedRight: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
