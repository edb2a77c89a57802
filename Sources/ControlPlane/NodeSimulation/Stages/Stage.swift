package import APIMachinery
internal import KubernetesAPI

/// One step of a simulated pod's life: which pods it is for, after what time, and what it makes of them.
package struct Stage: Hashable, Sendable {
    /// Which pods. What is nil is not looked at.
    package struct Condition: Hashable, Sendable {
        package var phases: Set<String>?
        /// Whether its deletion was asked for.
        package var isDeleted = false
        /// Status by type; a condition that the pod lacks counts as `Unknown`.
        package var conditions: [String: String] = [:]
        /// Kinds of the owner that controls it; `""` is none.
        package var owners: Set<String>?
        package var restartPolicies: Set<String>?
        package var labels: Selector?

        package init() {}
    }

    /// What becomes of the pod.
    package struct Effect: Hashable, Sendable {
        package var phase: String?
        /// Of a running pod; nil: it is ready when it begins to run, and otherwise stays as it is.
        package var isReady: Bool?
        /// The containers end and begin again, once.
        package var restarts = false
        /// Of containers that end; nil: 0 in a pod that has succeeded, otherwise 1.
        package var exitCode: Int32?
        /// A strategic merge patch over the status that follows from the rest.
        package var status: JSONValue?
        /// The pod is removed at once.
        package var deletes = false
        package var event: Event?

        package init() {}
    }
    package struct Event: Hashable, Sendable {
        package var type: String
        package var reason: String
        package var message: String
    }

    package var name: String
    package var condition = Condition()
    package var delay = Duration.zero
    /// At most so much is added to the delay, evenly spread.
    package var jitter = Duration.zero
    /// Among several stages with a weight that a pod is right for, each is as likely as its weight says.
    package var weight: Int?
    package var effect = Effect()

    package init(_ name: String) { self.name = name }
}

extension Stage.Condition {
    func matches(_ pod: Pod) -> Bool {
        guard isDeleted == (pod.metadata.deletionTimestamp != nil) else { return false }
        if let phases, !phases.contains(pod.status.phase ?? "Pending") { return false }
        if let owners {
            let owner = pod.metadata.ownerReferences.first { $0.controller == true }
            guard owners.contains(owner?.kind ?? "") else { return false }
        }
        if let restartPolicies, !restartPolicies.contains(pod.spec.restartPolicy ?? "Always") { return false }
        if let labels, !labels.matches(pod.metadata.labels) { return false }
        return conditions.allSatisfy { type, status in
            (pod.status.conditions.first { $0.type == type }?.status ?? "Unknown") == status
        }
    }
}

/// The stages in their order, of which the first that a pod is right for is next.
package struct StageTable: Hashable, Sendable {
    package var stages: [Stage]

    package init(_ stages: [Stage]) { self.stages = stages }

    /// A pod runs at once, the pods of Jobs succeed after a second or two, and who is deleted goes.
    package static let usual: StageTable = {
        var delete = Stage("delete")
        delete.condition.isDeleted = true
        delete.effect.deletes = true
        var complete = Stage("complete")
        complete.condition.phases = ["Running"]
        complete.condition.owners = ["Job"]
        complete.delay = .seconds(1)
        complete.jitter = .seconds(1)
        complete.effect.phase = "Succeeded"
        var run = Stage("run")
        run.condition.phases = ["Pending"]
        run.effect.phase = "Running"
        return StageTable([delete, complete, run])
    }()

    /// - Returns: The stage that is next for the pod; nil: it stays as it is.
    func next(for pod: Pod, _ random: inout some RandomNumberGenerator) -> Int? {
        let fitting = stages.indices.filter { stages[$0].condition.matches(pod) }
        guard let first = fitting.first, stages[first].weight != nil else { return fitting.first }
        let weighted = fitting.filter { stages[$0].weight != nil }
        guard weighted.count > 1 else { return first }
        var draw = Int.random(in: 0..<weighted.reduce(0) { $0 + (stages[$1].weight ?? 0) }, using: &random)
        for index in weighted {
            draw -= stages[index].weight ?? 0
            if draw < 0 { return index }
        }
        return first
    }

    func delay(of index: Int, _ random: inout some RandomNumberGenerator) -> Duration {
        let stage = stages[index]
        return stage.jitter > .zero ? stage.delay + stage.jitter * Double.random(in: 0..<1, using: &random) : stage.delay
    }
}
