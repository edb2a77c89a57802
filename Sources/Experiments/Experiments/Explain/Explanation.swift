package import APIMachinery

/// Why a pod is as it is: how far it came, what holds it up, and what would mend that.
package struct Explanation: Sendable {
    package enum Verdict: String, Sendable {
        /// Runs and is ready, or has done its work.
        case fine
        /// On its way, and nothing is wrong so far.
        case starting
        /// Something keeps it from running, or from being ready.
        case held
        /// It has failed, and stays so.
        case failed
        /// It is being removed.
        case ending
        /// There is no such pod.
        case absent
    }

    /// A station on a pod's way from its creation to being ready.
    package struct Stage: Sendable {
        package enum State: String, Sendable { case done, waiting, failed, notReached }
        package var name: String
        package var state: State
        package var time: Timestamp?
        package var detail: String
    }

    /// One thing that is wrong, or is waited for.
    package struct Finding: Sendable {
        /// A word for machines: `ImagePullBackOff`, `Unschedulable`.
        package var code: String
        /// The name of the stage that it stands at.
        package var stage: String
        package var what: String
        package var since: Timestamp?
        /// What shows that it is so: events, counters, records.
        package var evidence: [String] = []
        package var mends: [String] = []
        /// When it is tried again.
        package var next: Timestamp?
        /// Nothing is wrong: it only takes its time.
        package var isOrdinary = false

        package init(_ code: String, _ stage: String, _ what: String) {
            self.code = code
            self.stage = stage
            self.what = what
        }
    }

    package var pod: String
    package var uid: String
    package var now: Timestamp
    package var verdict: Verdict
    package var phase: String
    /// The first is the cause; others stand beside it.
    package var findings: [Finding]
    package var stages: [Stage]
    /// How containers have ended, the newest end of each.
    package var exits: [ExitAccount]
    /// What keeps each node from taking the pod, or how good each is.
    package var nodes: [String]
    package var gaps: [String]

    package var cause: Finding? { findings.first }
    package var isFine: Bool { verdict == .fine }
}

extension Explanation {
    /// `{"pod", "uid", "time", "verdict", "phase", "cause": {…}, "findings": […], "stages": […], "exits": […], "nodes": […], "gaps": […]}`
    package var json: JSONValue {
        var object = JSONObject()
        object["pod"] = .string(pod)
        if !uid.isEmpty { object["uid"] = .string(uid) }
        object["time"] = .string(now.formatted(fractionDigits: 6))
        object["verdict"] = .string(verdict.rawValue)
        object["phase"] = .string(phase)
        if let cause { object["cause"] = cause.json }
        object["findings"] = .array(findings.map(\.json))
        object["stages"] = .array(stages.map(\.json))
        object["exits"] = .array(exits.map(\.json))
        if !nodes.isEmpty { object["nodes"] = .array(nodes.map { .string($0) }) }
        if !gaps.isEmpty { object["gaps"] = .array(gaps.map { .string($0) }) }
        return .object(object)
    }
}

extension Explanation.Finding {
    var json: JSONValue {
        var object = JSONObject()
        object["code"] = .string(code)
        object["stage"] = .string(stage)
        object["what"] = .string(what)
        if let since { object["since"] = .string(since.description) }
        if let next { object["next"] = .string(next.formatted(fractionDigits: 6)) }
        object["evidence"] = .array(evidence.map { .string($0) })
        object["mends"] = .array(mends.map { .string($0) })
        return .object(object)
    }
}

extension Explanation.Stage {
    var json: JSONValue {
        var object = JSONObject()
        object["name"] = .string(name)
        object["state"] = .string(state.rawValue)
        if let time { object["time"] = .string(time.formatted(fractionDigits: 6)) }
        if !detail.isEmpty { object["detail"] = .string(detail) }
        return .object(object)
    }
}
