package import APIMachinery

/// All runs of an experiment: each combination of the sweep's values, each repetition.
package struct ExperimentReport: Sendable {
    package struct Variant: Sendable {
        /// Of the sweep's parameters, in their order.
        package var values: [String]
        package var results: [ExperimentResult]

        package init(values: [String], results: [ExperimentResult]) { (self.values, self.results) = (values, results) }
        package var passedCount: Int { results.count(where: \.passed) }
    }
    package var experiment: Experiment
    package var variants: [Variant]

    package var mode: ExperimentMode

    package init(_ experiment: Experiment, _ variants: [Variant], mode: ExperimentMode = .simulated) {
        (self.experiment, self.variants, self.mode) = (experiment, variants, mode)
    }

    package var passed: Bool { variants.allSatisfy { $0.passedCount == $0.results.count } }

    /// `period=1s, failure=3`
    func name(of variant: Variant) -> String {
        zip(experiment.sweep, variant.values).map { "\($0.name)=\($1)" }.joined(separator: ", ")
    }

    // MARK: For people

    package var text: String {
        var lines = ["\(experiment.name): \(passed ? "as expected" : "NOT as expected")"]
        lines += experiment.about.split(separator: "\n").map { "  \($0)" }
        for variant in variants {
            let title = name(of: variant)
            lines.append("")
            if !title.isEmpty { lines.append(title) }
            lines.append("\(variant.passedCount) of \(variant.results.count) runs as expected")
            guard let shown = variant.results.first(where: { !$0.passed }) ?? variant.results.first else { continue }
            if variant.results.count > 1 { lines.append("seed \(shown.seed):") }
            lines += shown.checks.map { "  \($0.passed ? "✓" : "✗") \($0.text): \($0.found)" }
        }
        return lines.joined(separator: "\n")
    }

    // MARK: For machines

    /// `{"experiment", "mode", "passed", "variants": [{"values": {…}, "runs": [{"seed", "passed", "checks", "restarts", "happenings"}]}]}`
    package var json: JSONValue {
        let variants = variants.map { variant -> JSONValue in
            let values = zip(experiment.sweep, variant.values).map { JSONObject.Member(key: $0.name, value: .string($1)) }
            return ["values": .object(JSONObject(members: values)), "runs": .array(variant.results.map(json))]
        }
        return [
            "experiment": .string(experiment.name), "mode": .string(mode.rawValue), "passed": .bool(passed), "variants": .array(variants),
        ]
    }

    private func json(_ result: ExperimentResult) -> JSONValue {
        let checks = result.checks.map { check -> JSONValue in
            ["expect": .string(check.text), "passed": .bool(check.passed), "found": .string(check.found)]
        }
        return [
            "seed": .integer(Int64(result.seed)), "passed": .bool(result.passed), "checks": .array(checks),
            "happenings": .array(result.outcome.happenings.map(\.json)),
        ]
    }

    /// A suite for each variant, a case for each expectation of each run.
    package var junit: String {
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>"]
        for variant in variants {
            let title = name(of: variant)
            let checks = variant.results.flatMap(\.checks)
            let suite = experiment.name + (title.isEmpty ? "" : " (\(title))")
            lines.append(
                "  <testsuite name=\"\(HTML.escaped(suite))\" tests=\"\(checks.count)\" failures=\"\(checks.count { !$0.passed })\">")
            for result in variant.results { lines += result.checks.map { junit($0, seed: result.seed) } }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>"]).joined(separator: "\n")
    }

    private func junit(_ check: Expectation.Result, seed: UInt64) -> String {
        let head = "    <testcase classname=\"seed \(seed)\" name=\"\(HTML.escaped(check.text))\""
        return check.passed ? "\(head)/>" : "\(head)>\n      <failure message=\"\(HTML.escaped(check.found))\"/>\n    </testcase>"
    }
}

extension ExperimentReport {
    /// Reads an experiment's file and runs all of it in simulated time.
    ///
    /// - Throws: ``ExperimentError`` for what is wrong with the file.
    package static func simulate(_ text: String, file: String, set: [String: String] = [:]) async throws -> ExperimentReport {
        try await simulate(try ExperimentReader.read(text, file: file, set: set))
    }

    /// - Parameter all: As the reader has read it.
    package static func simulate(_ all: [(values: [String], experiment: Experiment)]) async throws -> ExperimentReport {
        var variants: [Variant] = []
        for (values, experiment) in all {
            var results: [ExperimentResult] = []
            for repetition in 0..<experiment.repetitions { results.append(try await experiment.simulate(repetition: repetition)) }
            variants.append(Variant(values: values, results: results))
        }
        guard let first = all.first else { throw ExperimentError(lines: ["nothing to run"]) }
        return ExperimentReport(first.experiment, variants)
    }
}
