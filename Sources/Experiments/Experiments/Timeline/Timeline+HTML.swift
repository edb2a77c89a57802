internal import APIMachinery

extension Timeline {
    /// A page that needs nothing else: the start, the whole life, and each step in a table.
    package var html: String {
        let last = max(now, spans.map { end(of: $0) }.max() ?? now)
        var body = "<h1>\(HTML.escaped(pod))</h1>\n<p>\(HTML.escaped(summary))</p>\n"
        let startEnd = endOfStart
        if let startEnd, (last - origin) > (startEnd - origin) * 3 {
            body += "<h2>The start: \(ShortTime.text(startEnd - origin))</h2>\n" + picture(until: startEnd)
            body += "<h2>The whole life: \(ShortTime.text(last - origin))</h2>\n"
        } else {
            body += "<h2>\(ShortTime.text(last - origin))</h2>\n"
        }
        body += picture(until: last) + TimelinePicture.legend + table
        return HTML.page(title: "\(pod): timeline", body: body)
    }

    private var summary: String {
        let restarts = spans.filter { $0.name == "run" }.compactMap(\.attempt).max() ?? 0
        var text = "From \(origin.formatted(fractionDigits: 6)) on"
        if let ready { text += ", ready after \(ShortTime.text(ready - origin))" }
        if restarts > 0 { text += ", started again \(restarts == 1 ? "once" : "\(restarts) times")" }
        let sums = sumsUntilReady.prefix(4).map { "\($0.name) \(ShortTime.text($0.sum))" }
        return text + (sums.isEmpty ? "." : ". Before it was ready: \(sums.joined(separator: ", ")).")
    }

    /// A little after each container's first instance has begun; nil: it never came so far.
    private var endOfStart: Timestamp? {
        let runs = Set(spans.filter { $0.name == "run" }.map(\.lane)).compactMap { lane in
            spans.first { $0.lane == lane && $0.name == "run" }?.begin
        }
        guard let last = (runs + [ready].compactMap { $0 }).max(), last > origin else { return nil }
        return last + (last - origin) / 10
    }

    private func picture(until end: Timestamp) -> String {
        let lanes = lanes.map { lane in
            TimelinePicture.Lane(
                name: lane,
                bars: spans.filter { $0.lane == lane }.map { span in
                    let name = span.attempt.map { "\(span.name) #\($0)" } ?? span.name
                    return TimelinePicture.Bar(
                        label: span.name == "run" ? name : span.name,
                        style: span.isProbe ? "probe" : span.name, begin: (span.begin - origin).inSeconds,
                        end: (self.end(of: span) - origin).inSeconds, isFailure: !span.failure.isEmpty,
                        title: "\(name) +\(Self.seconds(span.begin - origin)) for \(ShortTime.text(self.end(of: span) - span.begin)) "
                            + [span.detail, span.failure].filter { !$0.isEmpty }.joined(separator: ": "))
                })
        }
        return TimelinePicture(lanes: lanes, length: max(0.000_001, (end - origin).inSeconds)).svg
    }

    private var table: String {
        let rows = spans.map { span in
            let cells = [
                "+" + Self.seconds(span.begin - origin),
                span.end.map { $0 == span.begin ? "" : Self.seconds($0 - span.begin) } ?? "goes on",
                span.lane + (span.attempt.map { "#\($0)" } ?? ""), span.name,
                [span.detail, span.failure].filter { !$0.isEmpty }.joined(separator: ": "),
            ]
            let style = span.failure.isEmpty ? "" : " class=\"bad\""
            return "<tr\(style)>" + cells.enumerated().map { "<td\($0 < 2 ? " class=\"n\"" : "")>\(HTML.escaped($1))</td>" }.joined()
                + "</tr>"
        }
        return """
            <h2>Every step</h2>
            <div class="scroll"><table><thead><tr><th>at, s</th><th>took, s</th><th>who</th><th>step</th><th>detail</th></tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody></table></div>

            """
    }
}
