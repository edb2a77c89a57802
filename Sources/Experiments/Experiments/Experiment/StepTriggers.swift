internal import Kubelet

/// Which steps are due when: each once, those before something as often as they say.
struct StepTriggers: Sendable {
    typealias Step = Experiment.Step
    private var waiting: [Step]
    private var points: [(step: Step, left: Int)] = []
    private var attempts: [String: Int] = [:]

    init(_ steps: [Step]) {
        waiting = steps
        for step in steps { if case .before(_, let times) = step.trigger { points.append((step, times)) } }
    }

    /// Those that have their time.
    static func timed(_ steps: [Step]) -> [(step: Step, at: Duration)] {
        steps.compactMap { step in if case .at(let time) = step.trigger { (step, time) } else { nil } }
    }

    /// - Returns: What it sets off, and how much later.
    mutating func happened(_ happening: Happening) -> [(step: Step, delay: Duration)] {
        var due: [(Step, Duration)] = []
        waiting.removeAll { step in
            guard case .after(let pattern, let delay) = step.trigger, step.pod == happening.pod, pattern.matches(happening) else {
                return false
            }
            due.append((step, delay))
            return true
        }
        return due
    }

    /// A probe is about to be asked.
    mutating func probed(_ pod: String, _ container: String, _ kind: ProbeKind) -> [Step] {
        attempts["\(pod)/\(container) \(kind.rawValue)", default: 0] += 1
        let count = attempts["\(pod)/\(container) \(kind.rawValue)"]
        var due: [Step] = []
        waiting.removeAll { step in
            guard case .onProbe(kind, let number) = step.trigger, number == count, step.pod == pod, step.container == container else {
                return false
            }
            due.append(step)
            return true
        }
        return due
    }

    /// - Parameter container: Empty for what concerns the whole pod.
    mutating func reached(_ point: LifecyclePoint, _ pod: String, _ container: String) -> [Step] {
        var due: [Step] = []
        for index in points.indices where points[index].left > 0 {
            let step = points[index].step
            guard case .before(point, _) = step.trigger, step.pod == pod else { continue }
            guard step.container.isEmpty || container.isEmpty || step.container == container else { continue }
            points[index].left -= 1
            due.append(step)
        }
        return due
    }
}
