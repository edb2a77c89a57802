package import APIMachinery

/// All lines of a check, in the forms of `-o`.
package struct CheckReport: Sendable {
    package var lines: [CheckLine]
    /// From the first probe to the last.
    package var duration: Duration

    package init(lines: [CheckLine], duration: Duration) {
        self.lines = lines
        self.duration = duration
    }

    package var isPassed: Bool { !lines.contains { $0.state == .fail } }

    package func count(_ state: CheckLine.State) -> Int { lines.count { $0.state == state } }

    /// `41 ok, 1 warn, 2 fail, 0 unknown`
    package var summary: String { CheckLine.State.allCases.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ") }

    package var json: JSONValue {
        var object = JSONObject()
        object["passed"] = .bool(isPassed)
        object["durationMilliseconds"] = .integer(Int64(duration / .milliseconds(1)))
        object["features"] = .array(lines.map { .object(json(of: $0)) })
        return .object(object)
    }

    private func json(of line: CheckLine) -> JSONObject {
        var object = JSONObject()
        object["group"] = .string(line.feature.group.rawValue)
        object["name"] = .string(line.feature.name)
        object["state"] = .string(line.state.rawValue)
        object["found"] = .string(line.found)
        object["required"] = .bool(line.feature.isRequired)
        object["neededBy"] = .string(line.feature.neededBy)
        guard line.state != .ok else { return object }
        object["lost"] = .string(line.feature.lost)
        object["mend"] = .string(line.feature.mend)
        return object
    }

    package var cases: [TestCase] {
        lines.map { line in
            let details = [("needed by", line.feature.neededBy), ("lost", line.feature.lost), ("mend", line.feature.mend)]
                .map { (name: $0.0, value: $0.1) }
            let outcome: TestCase.Outcome =
                switch line.state {
                case .ok: .passed
                case .fail: .failed(line.found)
                case .warn: .skipped("warning: \(line.found); lost: \(line.feature.lost); mend: \(line.feature.mend)")
                case .unknown: .skipped(line.found)
                }
            return TestCase(group: "check.\(line.feature.group.rawValue)", name: line.feature.name, outcome: outcome, details: details)
        }
    }
}
