package import APIMachinery

extension Timeline {
    /// `{"pod", "uid", "origin", "ready", "spans": [{"lane", "name", "attempt", "begin", "offsetMicroseconds", "durationMicroseconds", …}]}`; a
    /// span that goes on has no duration.
    package var json: JSONValue {
        var object = JSONObject()
        object["pod"] = .string(pod)
        object["uid"] = .string(uid)
        object["origin"] = .string(origin.formatted(fractionDigits: 6))
        if let ready { object["readyMicroseconds"] = .integer((ready - origin).microseconds) }
        object["spans"] = .array(spans.map(json))
        if !gaps.isEmpty { object["gaps"] = .array(gaps.map { .string($0) }) }
        return .object(object)
    }

    private func json(_ span: Span) -> JSONValue {
        var object = JSONObject()
        object["lane"] = .string(span.lane)
        object["name"] = .string(span.name)
        if let attempt = span.attempt { object["attempt"] = .integer(Int64(attempt)) }
        object["begin"] = .string(span.begin.formatted(fractionDigits: 6))
        object["offsetMicroseconds"] = .integer((span.begin - origin).microseconds)
        if let end = span.end { object["durationMicroseconds"] = .integer((end - span.begin).microseconds) }
        if !span.failure.isEmpty { object["failure"] = .string(span.failure) }
        if !span.detail.isEmpty { object["detail"] = .string(span.detail) }
        return .object(object)
    }

    /// The Trace Event Format, which chrome://tracing and Perfetto read: complete events (`X`), a thread for each lane.
    package var chromeTrace: JSONValue {
        var events: [JSONValue] = [
            ["name": "process_name", "ph": "M", "pid": 1, "args": ["name": .string(pod)]]
        ]
        let threads = Dictionary(lanes.enumerated().map { ($1, Int64($0 + 1)) }) { first, _ in first }
        for lane in lanes {
            events.append(
                ["name": "thread_name", "ph": "M", "pid": 1, "tid": .integer(threads[lane] ?? 0), "args": ["name": .string(lane)]])
        }
        for span in spans {
            var event = JSONObject()
            event["name"] = .string(span.name + (span.attempt.map { " #\($0)" } ?? ""))
            event["cat"] = .string(span.isProbe ? "probe" : "step")
            event["ph"] = "X"
            event["ts"] = .integer((span.begin - origin).microseconds)
            event["dur"] = .integer((end(of: span) - span.begin).microseconds)
            event["pid"] = 1
            event["tid"] = .integer(threads[span.lane] ?? 0)
            event["args"] = ["detail": .string(span.detail), "failure": .string(span.failure)]
            events.append(.object(event))
        }
        return ["traceEvents": .array(events), "displayTimeUnit": "ms"]
    }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
    /// With fractions.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
