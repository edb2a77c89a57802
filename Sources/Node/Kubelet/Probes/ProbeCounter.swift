/// Outcomes in, verdicts out: a verdict changes only after as many equal outcomes in a row as its threshold asks for.
///
/// ```
/// unknown ─┬─ n successes ─▶ success ◀─┐   a startup probe that has spoken, and a liveness probe that has failed, are over:
///          └─ n failures ──▶ failure ◀─┘   what follows is the container's next instance
/// ```
package struct ProbeCounter: Sendable, Hashable {
    private let settings: ProbeSettings
    package private(set) var verdict: ProbeVerdict
    /// Equal outcomes in a row, and which.
    private var runLength = 0
    private var isRunOfSuccesses = false

    /// - Parameter verdict: From before this agent was started; nil: none.
    package init(_ settings: ProbeSettings, verdict: ProbeVerdict? = nil) {
        self.settings = settings
        self.verdict = verdict ?? settings.kind.initialVerdict
    }

    /// No more attempts are needed.
    package var isOver: Bool {
        switch settings.kind {
        case .startup: verdict != .unknown
        case .liveness: verdict == .failure
        case .readiness: false
        }
    }

    /// - Returns: The new verdict, when this outcome made one.
    package mutating func count(_ outcome: ProbeOutcome) -> ProbeVerdict? {
        if isOver { return nil }
        let isSuccess: Bool
        switch outcome {
        case .success, .warning: isSuccess = true
        case .failure: isSuccess = false
        case .error: return nil  // says nothing, and interrupts no run
        }
        runLength = isSuccess == isRunOfSuccesses ? runLength + 1 : 1
        isRunOfSuccesses = isSuccess
        guard runLength >= (isSuccess ? settings.successThreshold : settings.failureThreshold) else { return nil }
        let new: ProbeVerdict = isSuccess ? .success : .failure
        guard new != verdict else { return nil }
        verdict = new
        return new
    }
}
