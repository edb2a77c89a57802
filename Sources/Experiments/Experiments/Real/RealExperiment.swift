extension Experiment {
    /// Runs it once on real pods.
    package func run(on node: RealNode, repetition: Int) async throws -> ExperimentResult {
        let outcome = try await RealRun(self, node).run(for: duration)
        return ExperimentResult(seed: seed &+ UInt64(repetition), outcome: outcome, expectations, tolerance: tolerance)
    }
}

extension ExperimentReport {
    /// Runs all of an experiment on real pods, one run after the other.
    ///
    /// - Parameters:
    ///   - all: As the reader has read it, for ``ExperimentMode/real``.
    ///   - progress: Told of each run that is over.
    /// - Throws: ``ImpossibleSteps`` before anything is started.
    package static func run(
        _ all: [(values: [String], experiment: Experiment)], on node: RealNode, progress: (String) -> Void
    ) async throws -> ExperimentReport {
        if let impossible = ImpossibleSteps(all.map(\.experiment), node.ability) { throw impossible }
        var variants: [Variant] = []
        for (values, experiment) in all {
            var results: [ExperimentResult] = []
            for repetition in 0..<experiment.repetitions {
                try Task.checkCancellation()
                let result = try await experiment.run(on: node, repetition: repetition)
                progress(
                    "\(experiment.name) \(values.joined(separator: " ")) run \(repetition + 1): \(result.passed ? "as expected" : "NOT as expected")"
                )
                results.append(result)
            }
            variants.append(Variant(values: values, results: results))
        }
        guard let first = all.first else { throw ExperimentError(lines: ["nothing to run"]) }
        return ExperimentReport(first.experiment, variants, mode: .real)
    }
}
