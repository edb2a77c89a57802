package import APIMachinery

/// The order of what happened in two runs of one experiment: each container's own, and each pod's. Times are not compared, nor is what
/// different containers do side by side.
package struct SequenceComparison: Sendable {
    package struct Lane: Sendable {
        /// `web/app`, or `web` for what concerns the whole pod.
        package var name: String
        package var simulated: [String]
        package var real: [String]
        /// Where they part; nil: nowhere.
        package var firstDifference: Int? {
            if simulated == real { return nil }
            return zip(simulated, real).enumerated().first { $1.0 != $1.1 }?.offset ?? min(simulated.count, real.count)
        }
    }
    package var experiment: String
    package var lanes: [Lane]

    init(_ experiment: String, simulated: [Happening], real: [Happening]) {
        self.experiment = experiment
        let (left, right) = (Self.lanes(simulated), Self.lanes(real))
        lanes = Set(left.keys).union(right.keys).sorted().map { name in
            // The run that went on longer may have more of it.
            Lane(name: name, simulated: left[name] ?? [], real: Array((right[name] ?? []).prefix((left[name] ?? []).count)))
        }
    }

    package var agrees: Bool { lanes.allSatisfy { $0.firstDifference == nil } }

    static func lanes(_ happenings: [Happening]) -> [String: [String]] {
        happenings.reduce(into: [:]) { lanes, happening in
            switch happening.what {
            case .event, .fault: return  // told of as often as it takes; done by the experiment itself
            case .started, .startFailed, .exited, .stopping, .ready, .unready, .phase: break
            }
            let name = happening.container.isEmpty ? happening.pod : "\(happening.pod)/\(happening.container)"
            lanes[name, default: []].append(happening.description)
        }
    }

    /// Whether a run has shown as much as another, lane by lane.
    static func isAsLong(_ happenings: [Happening], as other: [String: [String]]) -> Bool {
        let own = lanes(happenings)
        return other.allSatisfy { (own[$0.key]?.count ?? 0) >= $0.value.count }
    }

    // MARK: Forms

    package var text: String {
        var lines = ["\(experiment): the simulated and the real run \(agrees ? "agree" : "do NOT agree")"]
        for lane in lanes {
            guard let index = lane.firstDifference else {
                lines.append("  ✓ \(lane.name): \(lane.simulated.joined(separator: ", "))")
                continue
            }
            let (simulated, real) = (lane.simulated.dropFirst(index).first, lane.real.dropFirst(index).first)
            lines.append(
                "  ✗ \(lane.name): after \(index) the same: simulated \(simulated ?? "nothing more"), real \(real ?? "nothing more")")
        }
        return lines.joined(separator: "\n")
    }

    /// `{"experiment", "agrees", "lanes": [{"name", "agrees", "simulated": […], "real": […]}]}`
    package var json: JSONValue {
        let lanes = lanes.map { lane -> JSONValue in
            [
                "name": .string(lane.name), "agrees": .bool(lane.firstDifference == nil),
                "simulated": .array(lane.simulated.map { .string($0) }), "real": .array(lane.real.map { .string($0) }),
            ]
        }
        return ["experiment": .string(experiment), "agrees": .bool(agrees), "lanes": .array(lanes)]
    }
}

extension Experiment {
    /// Runs it once simulated and once on real pods.
    ///
    /// The real run ends when it has shown as much as the simulated one, or after `patience` times the experiment's length.
    ///
    /// - Throws: ``ImpossibleSteps`` before anything is started.
    package func compare(on node: RealNode, patience: Int = 4) async throws -> SequenceComparison {
        if let impossible = ImpossibleSteps([self], node.ability) { throw impossible }
        let simulated = try await simulate(repetition: 0)
        let lanes = SequenceComparison.lanes(simulated.outcome.happenings)
        let real = try await RealRun(self, node).run(for: duration * patience) { SequenceComparison.isAsLong($0, as: lanes) }
        var comparison = SequenceComparison(name, simulated: simulated.outcome.happenings, real: real.happenings)
        for problem in real.problems { comparison.lanes.append(.init(name: "steps", simulated: [], real: [problem])) }
        return comparison
    }
}
