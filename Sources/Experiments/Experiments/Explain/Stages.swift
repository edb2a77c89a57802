internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

/// The stations of a pod's way, each with when it was reached and what came of it.
struct Stages {
    let facts: PodFacts
    let pod: Pod
    let findings: [Explanation.Finding]

    var all: [Explanation.Stage] {
        // Times in objects are whole seconds, the agent's are exact: what comes later is not shown as earlier.
        var latest: Timestamp?
        return unordered.map { stage in
            var stage = stage
            if let time = stage.time, stage.state == .done, let before = latest { stage.time = max(time, before) }
            if stage.state == .done { latest = stage.time ?? latest }
            return stage
        }
    }

    private var unordered: [Explanation.Stage] {
        [created, scheduled, taken, volumes, sandbox].compactMap { $0 }
            + pod.spec.initContainers.map { container($0, pod.status.initContainerStatuses, "init \($0.name)") }
            + pod.spec.containers.map { container($0, pod.status.containerStatuses, "container \($0.name)") } + [ready]
            + [removed].compactMap { $0 }
    }

    private func stage(_ name: String, isDone: Bool, _ time: Timestamp?, _ detail: String) -> Explanation.Stage {
        let finding = findings.first { $0.stage == name }
        let state: Explanation.Stage.State =
            if let finding { finding.isOrdinary ? .waiting : .failed } else { isDone ? .done : .notReached }
        let isReached = state != .notReached
        return Explanation.Stage(name: name, state: state, time: isReached ? time : nil, detail: isReached ? detail : "")
    }

    private func condition(_ type: String) -> PodCondition? { pod.status.conditions.first { $0.type == type && $0.status == "True" } }

    private func step(_ kind: PodStep.Kind, container: String = "") -> PodStep? {
        facts.steps.last { $0.kind == kind && $0.container == container }
    }

    private var created: Explanation.Stage {
        let owner = pod.metadata.ownerReferences.first { $0.controller == true } ?? pod.metadata.ownerReferences.first
        let detail = owner.map { "by \($0.kind) \($0.name)" } ?? ""
        return stage("created", isDone: true, pod.metadata.creationTimestamp, detail)
    }

    private var scheduled: Explanation.Stage {
        let isDone = !(pod.spec.nodeName ?? "").isEmpty
        var detail = pod.spec.nodeName.map { "on node \($0)" } ?? ""
        if let record = facts.scheduling.first, isDone, record["node"] != nil {
            detail += ", attempt \(record["attempt"]?.integerValue ?? 1), decided in \(record["tookSeconds"]?.description ?? "") s"
        }
        let time = facts.scheduling.first.flatMap { $0["node"] == nil ? nil : $0["time"]?.stringValue.flatMap { Timestamp($0) } }
        return stage("scheduled", isDone: isDone, time ?? condition("PodScheduled")?.lastTransitionTime, detail)
    }

    private var taken: Explanation.Stage {
        stage("node", isDone: pod.status.startTime != nil, step(.accepted)?.begin ?? pod.status.startTime, "taken by the node's agent")
    }

    private var volumes: Explanation.Stage? {
        guard !pod.spec.volumes.isEmpty else { return nil }
        let step = step(.volumes)
        let isDone = step.map { $0.failure.isEmpty && $0.end != nil } ?? (condition("PodReadyToStartContainers") != nil)
        let took = step.flatMap { step in isDone ? step.end.map { " in \(ShortTime.text($0 - step.begin))" } : nil } ?? ""
        return stage("volumes", isDone: isDone, step?.end, pod.spec.volumes.map(\.name).joined(separator: ", ") + took)
    }

    private var sandbox: Explanation.Stage {
        let step = step(.sandbox)
        let isDone = condition("PodReadyToStartContainers") != nil || !(pod.status.podIP ?? "").isEmpty
        let took = step.flatMap { step in step.end.map { ", made in \(ShortTime.text($0 - step.begin))" } } ?? ""
        return stage(
            "sandbox", isDone: isDone, step?.end ?? condition("PodReadyToStartContainers")?.lastTransitionTime,
            (pod.status.podIP.map { "address \($0)" } ?? "") + took)
    }

    private func container(_ container: Container, _ statuses: [ContainerStatus], _ name: String) -> Explanation.Stage {
        guard let status = statuses.first(where: { $0.name == container.name }) else { return stage(name, isDone: false, nil, "") }
        let restarts =
            status.restartCount == 0 ? "" : ", started again \(status.restartCount == 1 ? "once" : "\(status.restartCount) times")"
        if let running = status.state.running {
            let time = step(.run, container: container.name)?.begin ?? running.startedAt
            let run = running.startedAt.map { "runs for \(ShortTime.text(facts.now - $0))" } ?? "runs"
            return stage(name, isDone: true, time, run + restarts)
        }
        if let end = status.state.terminated {
            return stage(name, isDone: true, end.finishedAt, "\(end.reason ?? "ended"), exit code \(end.exitCode)\(restarts)")
        }
        return stage(name, isDone: false, status.lastState.terminated?.finishedAt, (status.state.waiting?.reason ?? "") + restarts)
    }

    private var ready: Explanation.Stage { stage("ready", isDone: condition("Ready") != nil, condition("Ready")?.lastTransitionTime, "") }

    private var removed: Explanation.Stage? {
        guard let due = pod.metadata.deletionTimestamp else { return nil }
        return stage("removed", isDone: false, due - .seconds(pod.metadata.deletionGracePeriodSeconds ?? 0), "asked for")
    }
}
