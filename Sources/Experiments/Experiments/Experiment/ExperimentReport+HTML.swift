internal import APIMachinery
internal import KubernetesAPI

extension ExperimentReport {
    /// A page that needs nothing else: what was expected and found, the sweep, and each pod's timeline of each variant's first run.
    package var html: String {
        let verdict = passed ? "<b class=\"good\">as expected</b>" : "<b class=\"bad\">not as expected</b>"
        var body = "<h1>\(HTML.escaped(experiment.name)): \(verdict)</h1>\n<p>\(HTML.escaped(experiment.about))</p>\n"
        body +=
            "<p>\(ShortTime.text(experiment.duration)) each, \(mode == .simulated ? "simulated" : "on real pods"); \(variants.reduce(0) { $0 + $1.results.count }) runs.</p>\n"
        if !experiment.sweep.isEmpty { body += sweepTable }
        for variant in variants { body += section(variant) }
        return HTML.page(title: "\(experiment.name): experiment", body: body + TimelinePicture.legend)
    }

    /// How many runs of each combination went as expected: with two parameters a map, else a list.
    private var sweepTable: String {
        func cell(_ variant: Variant?) -> String {
            guard let variant else { return "<td></td>" }
            let isGood = variant.passedCount == variant.results.count
            return "<td class=\"\(isGood ? "good" : "bad")\">\(isGood ? "✓" : "✗") \(variant.passedCount)/\(variant.results.count)</td>"
        }
        let sweep = experiment.sweep
        guard sweep.count == 2 else {
            let rows = variants.map { "<tr><td>\(HTML.escaped(name(of: $0)))</td>\(cell($0))</tr>" }
            return "<h2>Sweep</h2>\n<div class=\"scroll\"><table><tbody>\(rows.joined())</tbody></table></div>\n"
        }
        let head = sweep[1].values.map { "<th>\(HTML.escaped($0))</th>" }.joined()
        let rows = sweep[0].values.map { first in
            "<tr><th>\(HTML.escaped(first))</th>"
                + sweep[1].values.map { second in cell(variants.first { $0.values == [first, second] }) }.joined() + "</tr>"
        }
        return """
            <h2>Sweep: \(HTML.escaped(sweep[0].name)) down, \(HTML.escaped(sweep[1].name)) across</h2>
            <div class="scroll"><table><thead><tr><th></th>\(head)</tr></thead><tbody>\(rows.joined())</tbody></table></div>

            """
    }

    private func section(_ variant: Variant) -> String {
        guard let shown = variant.results.first(where: { !$0.passed }) ?? variant.results.first else { return "" }
        let title = name(of: variant)
        let checks = shown.checks.map { check in
            "<tr><td class=\"\(check.passed ? "good" : "bad")\">\(check.passed ? "✓" : "✗")</td><td>\(HTML.escaped(check.text))</td>"
                + "<td>\(HTML.escaped(check.found))</td></tr>"
        }
        var text = "<h2>\(HTML.escaped(title.isEmpty ? "Expected and found" : title)) (seed \(shown.seed))</h2>\n"
        text += "<div class=\"scroll\"><table><tbody>\(checks.joined())</tbody></table></div>\n"
        for pod in experiment.pods {
            let name = pod.metadata.name ?? ""
            text += "<h2>Pod \(HTML.escaped(name))</h2>\n" + picture(shown.outcome, name)
        }
        return text
    }

    /// Runs, waits between them, readiness and faults, from what happened: complete, however long it was.
    private func picture(_ outcome: RunOutcome, _ pod: String) -> String {
        let own = outcome.happenings.filter { $0.pod == pod }
        var lanes = [
            TimelinePicture.Lane(
                name: "ready",
                bars: outcome.readiness(pod).map { window in
                    TimelinePicture.Bar(
                        label: "ready", style: "run", begin: window.from.inSeconds, end: window.to.inSeconds,
                        title: "ready from +\(ShortTime.text(window.from)) to +\(ShortTime.text(window.to))")
                })
        ]
        var names: [String] = []
        for happening in own where !happening.container.isEmpty && !names.contains(happening.container) {
            names.append(happening.container)
        }
        let statuses = outcome.statuses[pod].map { $0.initContainerStatuses + $0.containerStatuses } ?? []
        let waiting = Set(statuses.filter { $0.state.waiting != nil }.map(\.name))
        for name in names {
            let bars = Self.bars(own.filter { $0.container == name }, outcome.length, waitsAtEnd: waiting.contains(name))
            lanes.append(.init(name: name, bars: bars))
        }
        return TimelinePicture(lanes: lanes, length: max(0.001, outcome.length.inSeconds)).svg
    }

    private static func bars(_ own: [Happening], _ length: Duration, waitsAtEnd: Bool) -> [TimelinePicture.Bar] {
        var bars: [TimelinePicture.Bar] = []
        var started: Happening?
        var ended: Happening?
        func add(_ label: String, _ style: String, _ from: Duration, _ to: Duration, fails: Bool = false) {
            bars.append(
                .init(
                    label: label, style: style, begin: from.inSeconds, end: to.inSeconds, isFailure: fails,
                    title: "\(label) +\(ShortTime.text(from)) for \(ShortTime.text(to - from))"))
        }
        for happening in own {
            switch happening.what {
            case .started:
                if let ended, happening.at > ended.at { add("wait", "backOff", ended.at, happening.at) }
                started = happening
            case .exited(let code):
                if let begin = started { add("#\(begin.attempt ?? 0), exit \(code)", "run", begin.at, happening.at, fails: code != 0) }
                (started, ended) = (nil, happening)
            case .fault(let text): add("fault \(text)", "stop", happening.at, happening.at)
            default: break
            }
        }
        if let begin = started { add("#\(begin.attempt ?? 0)", "run", begin.at, length) }
        if waitsAtEnd, started == nil, let ended { add("wait", "backOff", ended.at, length) }
        return bars
    }
}
