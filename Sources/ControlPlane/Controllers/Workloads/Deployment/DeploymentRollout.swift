internal import APIMachinery
internal import KubernetesAPI

/// What one look at a Deployment leads to: a pure function of the objects, whose result is a list of writes in order.
///
/// The sets are changed here as the writes will change them, so that each step sees what the steps before it did.
struct DeploymentRollout {
    enum Write: Hashable {
        case create(ReplicaSet)
        /// Annotations or the minimum of ready seconds.
        case update(ReplicaSet)
        /// As `update`; with how many replicas there were before.
        case scale(ReplicaSet, from: Int)
        case delete(ReplicaSet)
        case status(Deployment)
    }

    private(set) var deployment: Deployment
    private(set) var writes: [Write] = []
    /// The set with the Deployment's template.
    private(set) var new: ReplicaSet?
    private(set) var olds: [ReplicaSet]
    /// Old pods that still run, as far as that matters.
    private let hasOldPods: Bool
    private let now: Timestamp
    private let original: Deployment

    /// - Parameters:
    ///   - sets: All sets that are the Deployment's.
    ///   - hasPods: Whether a set other than the one with this UID has pods that are not at their end.
    init(_ deployment: Deployment, sets: [ReplicaSet], hasOldPods: (_ newUID: String?) -> Bool, now: Timestamp) {
        self.deployment = deployment
        original = deployment
        self.now = now
        let new = sets.oldestFirst.first { $0.isOf(deployment.spec.template) }
        self.new = new
        olds = sets.filter { $0.metadata.uid != new?.metadata.uid }.oldestFirst
        self.hasOldPods = deployment.isRolling ? false : hasOldPods(new?.metadata.uid)
    }

    private var all: [ReplicaSet] { olds + (new.map { [$0] } ?? []) }

    /// The writes; how long to wait until progress is overdue, when nothing else happens before.
    mutating func plan() -> (writes: [Write], again: Duration?) {
        if deployment.metadata.isBeingDeleted {
            writeStatus(countedStatus())
            return (writes, nil)
        }
        notePause()
        if deployment.spec.paused == true || isScaling {
            followNew()
            scaleProportionally()
            if deployment.spec.paused == true { cleanUp() }
            writeStatus(countedStatus())
            return (writes, nil)
        }
        deployment.isRolling ? roll() : recreate()
        let status = rolloutStatus()
        let again = isUnchanged(status) ? untilOverdue(status) : nil
        writeStatus(status)
        return (writes, again)
    }

    // MARK: Strategies

    private mutating func roll() {
        followNew()
        if new == nil { createNew() }
        if scaleNewUp() { return }
        if scaleOldsDown() { return }
        cleanUpIfComplete()
    }

    private mutating func recreate() {
        followNew()
        let active = olds.active
        if !active.isEmpty {
            for old in active { scale(old, to: 0) }
            return
        }
        // A terminating pod runs too: old and new are never there together.
        guard olds.totalActual == 0, !hasOldPods else { return }
        if new == nil { createNew() }
        if let new { scale(new, to: deployment.replicas) }
        cleanUpIfComplete()
    }

    /// - Returns: Whether it was scaled: one step a look.
    private mutating func scaleNewUp() -> Bool {
        guard let new, new.replicas != deployment.replicas else { return false }
        let wanted = new.replicas > deployment.replicas ? deployment.replicas : replicasOfNew(new, all)
        return scale(new, to: wanted)
    }

    private func replicasOfNew(_ new: ReplicaSet, _ all: [ReplicaSet]) -> Int {
        guard deployment.isRolling else { return deployment.replicas }
        let room = deployment.replicas + deployment.maxSurge - all.totalReplicas
        return room <= 0 ? new.replicas : new.replicas + min(room, deployment.replicas - new.replicas)
    }

    private mutating func scaleOldsDown() -> Bool {
        guard let new, olds.totalReplicas > 0 else { return false }
        let minAvailable = deployment.replicas - deployment.maxUnavailable
        let budget = all.totalReplicas - minAvailable - (new.replicas - new.available)
        guard budget > 0 else { return false }
        let removed = dropUnhealthy(upTo: budget)
        return dropAvailable(keeping: minAvailable) + removed > 0
    }

    /// Pods that don't help anyway go first: they cost no availability.
    private mutating func dropUnhealthy(upTo budget: Int) -> Int {
        var removed = 0
        for old in olds.oldestFirst where removed < budget && old.replicas > old.available {
            let count = min(budget - removed, old.replicas - old.available)
            scale(old, to: old.replicas - count)
            removed += count
        }
        return removed
    }

    private mutating func dropAvailable(keeping minAvailable: Int) -> Int {
        // A set that was made smaller a moment ago may still say more than it will keep. Upstream counts those too, and then goes below.
        let count = all.reduce(0) { $0 + min($1.available, $1.replicas) } - minAvailable
        var removed = 0
        for old in olds.oldestFirst where removed < count && old.replicas > 0 {
            let part = min(old.replicas, count - removed)
            scale(old, to: old.replicas - part)
            removed += part
        }
        return removed
    }

    // MARK: The set with the Deployment's template

    private mutating func followNew() {
        guard var set = new else { return }
        let revision = (olds.map(\.revision).max() ?? 0) + 1
        var isChanged = set.takeAnnotations(of: deployment, revision: revision)
        if set.spec.minReadySeconds != deployment.spec.minReadySeconds {
            set.spec.minReadySeconds = deployment.spec.minReadySeconds
            isChanged = true
        }
        if isChanged {
            new = set
            writes.append(.update(set))
        }
        deployment.metadata.annotations[DeploymentNames.revision] = set.metadata.annotations[DeploymentNames.revision]
        guard deployment.progressDeadline != nil, deployment.status.progressing == nil else { return }
        note("True", DeploymentNames.Reason.found, "Found new replica set \(set.metadata.quotedName)")
    }

    private mutating func createNew() {
        let hash = TemplateHash.of(deployment.spec.template, collisionCount: deployment.status.collisionCount)
        let revision = (olds.map(\.revision).max() ?? 0) + 1
        var set = ReplicaSet(of: deployment, hash: hash)
        set.spec.replicas = Int32(replicasOfNew(set, olds + [set]))
        _ = set.takeAnnotations(of: deployment, revision: revision)
        set.takeReplicas(of: deployment)
        new = set
        writes.append(.create(set))
        deployment.metadata.annotations[DeploymentNames.revision] = "\(revision)"
        if deployment.progressDeadline != nil {
            note("True", DeploymentNames.Reason.created, "Created new replica set \(set.metadata.quotedName)")
        }
    }

    // MARK: Scaling

    /// - Returns: Whether the number of replicas changes.
    @discardableResult
    private mutating func scale(_ set: ReplicaSet, to replicas: Int) -> Bool {
        guard set.replicas != replicas else { return false }
        resize(set, to: replicas)
        return true
    }

    private mutating func resize(_ set: ReplicaSet, to replicas: Int) {
        var changed = set
        changed.spec.replicas = Int32(replicas)
        changed.takeReplicas(of: deployment)
        guard changed != set else { return }
        writes.append(set.replicas == replicas ? .update(changed) : .scale(changed, from: set.replicas))
        if changed.metadata.name == new?.metadata.name { new = changed }
        if let index = olds.firstIndex(where: { $0.metadata.name == changed.metadata.name }) { olds[index] = changed }
    }

    /// The number of replicas asked for has changed since the sets were last sized.
    private var isScaling: Bool {
        all.active.contains { $0.desiredAnnotation.map { $0 != deployment.replicas } ?? false }
    }

    private mutating func scaleProportionally() {
        let active = all.active
        if active.count <= 1 {
            if let only = active.first ?? new ?? olds.last { scale(only, to: deployment.replicas) }
            return
        }
        if isSaturated {
            for old in olds.active { scale(old, to: 0) }
            return
        }
        guard deployment.isRolling else { return }
        for (set, replicas) in DeploymentProportions(deployment, active).sizes { resize(set, to: replicas) }
    }

    private var isSaturated: Bool {
        guard let new else { return false }
        let wanted = deployment.replicas
        return new.replicas == wanted && new.desiredAnnotation == wanted && new.available == wanted
    }

    // MARK: History

    private mutating func cleanUpIfComplete() {
        if deployment.isComplete(deployment.status) { cleanUp() }
    }

    private mutating func cleanUp() {
        guard let limit = deployment.historyLimit else { return }
        let alive = olds.filter { !$0.metadata.isBeingDeleted }.sorted { $0.revision < $1.revision }
        for set in alive.prefix(max(0, alive.count - limit)) {
            let isQuiet =
                set.status.replicas == 0 && set.replicas == 0 && (set.metadata.generation ?? 0) <= (set.status.observedGeneration ?? 0)
            if isQuiet { writes.append(.delete(set)) }
        }
    }

    // MARK: Status

    private mutating func note(_ status: String, _ reason: String, _ message: String) {
        deployment.status.set(DeploymentCondition(DeploymentNames.Condition.progressing, status, reason, message, at: now))
    }

    private mutating func notePause() {
        guard deployment.progressDeadline != nil else { return }
        let reason = deployment.status.progressing?.reason
        // That it was stuck stays to be seen.
        guard reason != DeploymentNames.Reason.timedOut else { return }
        if deployment.spec.paused == true, reason != DeploymentNames.Reason.paused {
            note("Unknown", DeploymentNames.Reason.paused, "Deployment is paused")
        } else if deployment.spec.paused != true, reason == DeploymentNames.Reason.paused {
            note("Unknown", DeploymentNames.Reason.resumed, "Deployment is resumed")
        }
    }

    private func countedStatus() -> DeploymentStatus { deployment.countedStatus(all: all, new: new, at: now) }
    private func rolloutStatus() -> DeploymentStatus { deployment.rolloutStatus(countedStatus(), all: all, new: new, at: now) }

    private func isUnchanged(_ status: DeploymentStatus) -> Bool {
        status == original.status && deployment.metadata.annotations == original.metadata.annotations
    }

    private mutating func writeStatus(_ status: DeploymentStatus) {
        guard !isUnchanged(status) else { return }
        deployment.status = status
        writes.append(.status(deployment))
    }

    /// How long until the next look would find that there was no progress for too long.
    private func untilOverdue(_ status: DeploymentStatus) -> Duration? {
        guard let deadline = deployment.progressDeadline, let progressing = status.progressing, let last = progressing.lastUpdateTime,
            !deployment.isComplete(status), progressing.reason != DeploymentNames.Reason.timedOut
        else { return nil }
        return max(last + deadline - now, .zero) + .seconds(1)
    }
}
