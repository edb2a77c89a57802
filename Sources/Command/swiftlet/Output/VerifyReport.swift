internal import APIMachinery
internal import Verification

/// Pods beside their manifests, in the forms of `-o`.
struct VerifyReport {
    var pods: [PodVerification]
    var duration: Duration

    var isRight: Bool { pods.allSatisfy(\.isRight) }

    func text(_ format: ReportFormat, all: Bool) -> String {
        switch format {
        case .table: table(all)
        case .json: json(all).serializedText(.pretty)
        case .junit: TestReport.junit(pods.flatMap(\.cases), seconds: duration / .seconds(1))
        case .tap: TestReport.tap(pods.flatMap(\.cases))
        }
    }

    private func json(_ all: Bool) -> JSONValue {
        var object = JSONObject()
        object["right"] = .bool(isRight)
        object["durationMilliseconds"] = .integer(Int64(duration / .milliseconds(1)))
        object["pods"] = .array(pods.map { $0.json(all: all) })
        return .object(object)
    }

    private func table(_ all: Bool) -> String {
        var parts: [String] = []
        for pod in pods {
            var lines: [String] = []
            if all {
                var table = Table(header: ["ITEM", "STATE", "FOUND", "FORMULA"])
                table.rows = pod.items.map { [$0.expectation.path, $0.state.rawValue, $0.found, $0.expectation.formula] }
                lines.append(ReportColour.states(table.text))
            }
            lines += pod.differences.map(paragraph)
            lines += pod.notRunning.map { "DIFFERS  \($0): the container does not run" }
            let counts = Item.State.allCases.filter { $0 == .ok || pod.count($0) > 0 }.map { "\(pod.count($0)) \($0.rawValue)" }
            lines.append("pod \(pod.pod): \(counts.joined(separator: ", "))")
            parts.append(lines.joined(separator: "\n"))
        }
        if pods.isEmpty { parts.append("no running pods") }
        return parts.joined(separator: "\n\n")
    }

    private func paragraph(_ item: Item) -> String {
        var lines = [ReportColour.states("\(item.state.rawValue.uppercased())  \(item.expectation.path)")]
        lines.append(
            "  wanted: \(item.expectation.wanted.text)\(item.expectation.formula.isEmpty ? "" : "   (\(item.expectation.formula))")")
        lines.append("  found:  \(item.found)")
        if !item.place.isEmpty { lines.append("  where:  \(item.place)") }
        lines.append("  why:    \(item.expectation.why)")
        return lines.joined(separator: "\n")
    }
}
