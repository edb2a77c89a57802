package import APIMachinery
internal import Kubelet
internal import KubernetesAPI

/// Where a pod's time went: every phase from its creation on, incarnation by incarnation.
package struct Timeline: Sendable {
    /// Something with a begin and an end.
    package struct Span: Sendable {
        /// `pod`, a container's name, or `app readiness` for a probe's attempts.
        package var lane: String
        /// `schedule`, `sandbox`, `image`, `run`, `backOff`, …
        package var name: String
        /// Which instance of the container; the first is 0.
        package var attempt: Int?
        package var begin: Timestamp
        /// nil: it goes on. The same as `begin`: a moment.
        package var end: Timestamp?
        package var failure = ""
        package var detail = ""
        /// An attempt of a probe, of which there are many.
        package var isProbe = false
    }
    package var pod: String
    package var uid: String
    /// What offsets count from: the first thing that is known of the pod.
    package var origin: Timestamp
    package var now: Timestamp
    /// By their begin.
    package var spans: [Span]
    package var gaps: [String]
    /// When the pod was first ready; nil: never.
    package var ready: Timestamp?

    /// In the order in which they come into the picture.
    package var lanes: [String] {
        var seen: Set<String> = []
        let names = ["pod"] + spans.filter { !$0.isProbe }.map(\.lane)
        return names.filter { seen.insert($0).inserted }.flatMap { name in
            [name] + Set(spans.filter { $0.isProbe && $0.lane.hasPrefix("\(name) ") }.map(\.lane)).sorted()
        }
    }

    package func end(of span: Span) -> Timestamp { span.end ?? now }
}

extension Timeline {
    /// What is known of a pod's times; what nobody remembers is missing.
    package init(_ facts: PodFacts) {
        var spans = facts.steps.map(Span.init)
        spans += facts.scheduling.compactMap(Span.init(attempt:))
        for probe in facts.probes { spans += Self.attempts(probe) }
        if facts.steps.isEmpty, let pod = facts.pod { spans += Self.shown(pod) }
        let created = facts.pod?.metadata.creationTimestamp
        // Its time is a whole second: what follows is not shown as if it had waited for the rest of it, if that is all there is.
        if let created { spans.append(Span(lane: "pod", name: "created", begin: created, end: created)) }
        spans.sort { ($0.begin, $0.end ?? facts.now) < ($1.begin, $1.end ?? facts.now) }
        self.init(
            pod: facts.reference, uid: facts.pod?.metadata.uid ?? "", origin: spans.first?.begin ?? facts.now, now: facts.now, spans: spans,
            gaps: facts.gaps, ready: nil)
        ready = firstReady(facts.pod)
    }

    /// The first time that all of the pod's containers ran and their readiness probes had succeeded, as far as that is known.
    private func firstReady(_ pod: Pod?) -> Timestamp? {
        guard let pod else { return nil }
        var latest: Timestamp?
        for container in pod.spec.containers {
            let run = spans.first { $0.lane == container.name && $0.name == "run" }?.begin
            let probe = spans.first { $0.lane == container.name && $0.name == "probe" && $0.detail == "readiness: success" }?.begin
            guard let time = container.readinessProbe == nil ? run : probe else { return nil }
            latest = latest.map { max($0, time) } ?? time
        }
        return latest
    }

    /// Without the agent's own account: what the status says, in whole seconds.
    private static func shown(_ pod: Pod) -> [Span] {
        (pod.status.initContainerStatuses + pod.status.containerStatuses).flatMap { status -> [Span] in
            var spans: [Span] = []
            for (end, attempt) in [(status.lastState.terminated, status.restartCount - 1), (status.state.terminated, status.restartCount)] {
                guard let end, let begin = end.startedAt, begin.seconds > 0 else { continue }
                spans.append(
                    Span(
                        lane: status.name, name: "run", attempt: max(0, Int(attempt)), begin: begin, end: end.finishedAt,
                        failure: end.exitCode == 0 ? "" : end.reason ?? "", detail: "exit code \(end.exitCode), \(end.reason ?? "")"))
            }
            if let begin = status.state.running?.startedAt {
                spans.append(Span(lane: status.name, name: "run", attempt: Int(status.restartCount), begin: begin))
            }
            return spans
        }
    }

    private static func attempts(_ probe: JSONValue) -> [Span] {
        let lane = "\(probe["container"]?.stringValue ?? "") \(probe["probe"]?.stringValue ?? "")"
        return (probe["attempts"]?.arrayValue ?? []).compactMap { attempt in
            guard let begin = attempt["time"]?.stringValue.flatMap({ Timestamp($0) }) else { return nil }
            let isWell = attempt["result"]?.stringValue == "success"
            return Span(
                lane: lane, name: attempt["result"]?.stringValue ?? "", begin: begin,
                end: begin + .microseconds(attempt["durationMicroseconds"]?.integerValue ?? 0),
                failure: isWell ? "" : attempt["result"]?.stringValue ?? "", detail: attempt["message"]?.stringValue ?? "", isProbe: true)
        }
    }
}

extension Timeline.Span {
    init(_ step: PodStep) {
        self.init(
            lane: step.container.isEmpty ? "pod" : step.container, name: step.kind.rawValue, attempt: step.attempt, begin: step.begin,
            end: step.end, failure: step.failure, detail: step.detail)
    }

    /// One of the scheduler's attempts.
    init?(attempt record: JSONValue) {
        guard let begin = record["time"]?.stringValue.flatMap({ Timestamp($0) }) else { return nil }
        let took = record["tookSeconds"]?.doubleValue ?? 0
        let node = record["node"]?.stringValue
        self.init(
            lane: "pod", name: "schedule", begin: begin, end: begin + .microseconds(Int64(took * 1_000_000)),
            failure: node == nil ? record["message"]?.stringValue ?? "" : "", detail: node.map { "to node \($0)" } ?? "")
    }
}
