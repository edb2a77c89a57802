package import APIMachinery

/// The outcomes of a simulated probe for people and for machines.
package struct ProbeReport: Sendable {
    let outcomes: [ProbeSimulation.Outcome]
    let duration: Duration

    package init(outcomes: [ProbeSimulation.Outcome], duration: Duration) { (self.outcomes, self.duration) = (outcomes, duration) }

    package var text: String {
        guard let first = outcomes.first else { return "" }
        func time(_ duration: Duration?) -> String { duration.map { "after \(ShortTime.text($0))" } ?? "never" }
        var lines = [
            "first ready   \(time(first.firstReady))", "first killed  \(time(first.firstKilled))",
            "restarts      \(first.restarts) in \(ShortTime.text(duration))", "ready         \(Self.percent(first.readyShare)) of the time",
        ]
        if outcomes.count > 1 {
            let restarts = outcomes.map(\.restarts).sorted()
            let shares = outcomes.map(\.readyShare).sorted()
            lines = [
                "\(outcomes.count) seeds, \(ShortTime.text(duration)) each; least, median, most",
                "restarts  \(restarts.first ?? 0), \(restarts[restarts.count / 2]), \(restarts.last ?? 0)",
                "ready     \(Self.percent(shares.first ?? 0)), \(Self.percent(shares[shares.count / 2])), \(Self.percent(shares.last ?? 0)) of the time",
                "killed    with \(outcomes.count { $0.firstKilled != nil }) of the seeds",
            ]
            return (lines + ["", "restarts  seeds"] + histogram).joined(separator: "\n")
        }
        let told = first.happenings.filter { happening in
            switch happening.what {
            case .event, .phase, .startFailed: false
            default: true
            }
        }
        lines += [""] + told.prefix(30).map { "  +\(ShortTime.text($0.at))  \($0)" }
        if told.count > 30 { lines.append("  … and \(told.count - 30) more") }
        return lines.joined(separator: "\n")
    }

    private var histogram: [String] {
        let counts = Dictionary(grouping: outcomes, by: \.restarts).mapValues(\.count)
        let most = counts.values.max() ?? 1
        return counts.sorted { $0.key < $1.key }.map { restarts, count in
            let bar = String(repeating: "█", count: max(1, count * 40 / most))
            return String(repeating: " ", count: max(0, 8 - "\(restarts)".count)) + "\(restarts)  \(bar) \(count)"
        }
    }

    static func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }

    /// `{"durationSeconds", "runs": [{"seed", "restarts", "firstReadyMicroseconds", "firstKilledMicroseconds", "readyPermille"}]}`
    package var json: JSONValue {
        let runs = outcomes.map { outcome -> JSONValue in
            var object = JSONObject()
            object["seed"] = .integer(Int64(outcome.seed))
            object["restarts"] = .integer(Int64(outcome.restarts))
            if let first = outcome.firstReady { object["firstReadyMicroseconds"] = .integer(first.microseconds) }
            if let first = outcome.firstKilled { object["firstKilledMicroseconds"] = .integer(first.microseconds) }
            object["readyPermille"] = .integer(Int64((outcome.readyShare * 1_000).rounded()))
            return .object(object)
        }
        return ["durationSeconds": .integer(duration.components.seconds), "runs": .array(runs)]
    }
}

/// When a container was started again and again.
package struct BackoffReport: Sendable {
    let starts: [Duration]
    let life: Duration

    package init(starts: [Duration], life: Duration) { (self.starts, self.life) = (starts, life) }

    /// From the end of the instance before.
    private func wait(_ index: Int) -> Duration { index == 0 ? .zero : starts[index] - starts[index - 1] - life }

    package var text: String {
        let rows = starts.indices.map { index -> String in
            let start = "+" + ShortTime.text(starts[index])
            let number = "#\(index)"
            return String(repeating: " ", count: max(0, 4 - number.count)) + number
                + String(repeating: " ", count: max(1, 10 - start.count)) + start
                + (index == 0 ? "" : "   waited \(ShortTime.text(wait(index)))")
        }
        return (["  instance  started"] + rows).joined(separator: "\n")
    }

    package var json: JSONValue {
        let rows = starts.indices.map { index -> JSONValue in
            [
                "instance": .integer(Int64(index)), "startedMicroseconds": .integer(starts[index].microseconds),
                "waitedMicroseconds": .integer(wait(index).microseconds),
            ]
        }
        return ["starts": .array(rows)]
    }
}
