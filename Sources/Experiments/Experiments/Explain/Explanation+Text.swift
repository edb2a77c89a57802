internal import APIMachinery

extension Explanation {
    /// For people: the answer, why, what would mend it, and how the pod came here.
    package var text: String {
        ([headline] + causeLines + otherLines + nodeLines + exitLines + stageLines + gaps.map { "not known: \($0)" })
            .joined(separator: "\n")
    }

    package var headline: String {
        let state =
            switch verdict {
            case .fine: phase == "Succeeded" ? "has done its work" : "runs and is ready"
            case .starting: "is starting"
            case .held: phase == "Running" ? "runs, but is not ready" : "does not run"
            case .failed: "has failed"
            case .ending: "is being removed"
            case .absent: "is not there"
            }
        return "\(pod) \(state)" + (cause.map { ": \($0.what)" } ?? "")
    }

    private var causeLines: [String] { cause.map { lines($0, withWhat: false) } ?? [] }
    private var otherLines: [String] { findings.dropFirst().flatMap { ["", "also: \($0.what)"] + lines($0, withWhat: false) } }

    private func lines(_ finding: Finding, withWhat: Bool) -> [String] {
        var lines: [String] = []
        if let since = finding.since { lines.append("  since      \(since) (\(ShortTime.text(now - since)))") }
        if let next = finding.next {
            lines.append(next > now ? "  next try   \(next) (in \(ShortTime.text(next - now)))" : "  next try   now")
        }
        lines += finding.evidence.map { "  evidence   \(indented($0))" }
        lines += finding.mends.map { "  mend       \(indented($0))" }
        return lines
    }

    private var nodeLines: [String] { nodes.isEmpty ? [] : ["", "nodes"] + nodes.map { "  \($0)" } }

    private var exitLines: [String] {
        exits.flatMap { exit in
            ["", "end of \(exit.container)#\(exit.attempt)  \(exit.what)"] + exit.evidence.map { "  evidence   \(indented($0))" }
                + exit.mends.map { "  mend       \(indented($0))" }
        }
    }

    private var stageLines: [String] {
        guard !stages.isEmpty else { return [] }
        let width = stages.map(\.name.count).max() ?? 0
        let first = stages.compactMap(\.time).min()
        let rows = stages.map { stage in
            let mark =
                switch stage.state {
                case .done: "✓"
                case .waiting: "…"
                case .failed: "✗"
                case .notReached: "·"
                }
            var line = "  \(mark) \(stage.name)" + String(repeating: " ", count: width - stage.name.count)
            if let time = stage.time, let first { line += "  +\(ShortTime.text(time - first))" }
            return stage.detail.isEmpty ? line : "\(line)  \(indented(stage.detail))"
        }
        return ["", "the way so far"] + rows
    }

    /// What programs say may have several lines.
    private func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: true).joined(separator: "\n             ")
    }
}
