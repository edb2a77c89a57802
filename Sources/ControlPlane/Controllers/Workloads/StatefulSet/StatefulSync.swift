internal import APIMachinery
internal import KubernetesAPI

/// What one look at a StatefulSet leads to: a pure function of the set, its revisions and its pods.
///
/// Never two pods for one ordinal: a name is made again only when the pod that had it is gone from the store.
struct StatefulSync {
    enum Step: Equatable {
        /// With its claims before, as far as they lack.
        case create(Pod)
        case delete(Pod)
        /// A pod that is there: its claims and labels are put right.
        case mend(Pod)
        /// A pod that waits for a claim that is gone.
        case claim(Pod)
    }

    struct Plan: Equatable {
        var steps: [Step] = []
        var status: StatefulSetStatus
    }

    let set: StatefulSet
    let current: ControllerRevision
    let update: ControllerRevision
    let now: Timestamp
    /// What the present template and the one before make.
    private let currentTemplate: PodTemplateSpec
    private var replicas: [Int: Pod] = [:]
    /// Pods beyond the ordinals, the highest first.
    private let condemned: [Pod]
    private let all: [Pod]

    init(_ set: StatefulSet, current: ControllerRevision, update: ControllerRevision, pods: [Pod], now: Timestamp) {
        self.set = set
        self.current = current
        self.update = update
        self.now = now
        all = pods
        currentTemplate = Self.template(in: current) ?? set.spec.template
        let numbered = pods.compactMap { pod in set.ordinal(of: pod).map { ($0, pod) } }
        for (ordinal, pod) in numbered where set.ordinals.contains(ordinal) { replicas[ordinal] = pod }
        condemned = numbered.filter { !set.ordinals.contains($0.0) }.sorted { $0.0 > $1.0 }.map(\.1)
    }

    static func template(in revision: ControllerRevision) -> PodTemplateSpec? {
        guard case .object(var template)? = revision.data?["spec"]?["template"] else { return nil }
        template["$patch"] = nil
        var decoder = ObjectDecoder(options: .lenient)
        return PodTemplateSpec.decode(.object(template), &decoder)
    }

    func plan() -> Plan {
        var plan = Plan(status: countedStatus())
        guard !set.metadata.isBeingDeleted else { return plan }
        if fill(&plan.steps) { return plan }
        for pod in condemned { plan.steps.append(.mend(pod)) }
        if removeCondemned(&plan.steps) { return plan }
        guard set.isRolling else { return plan }
        plan.status = completed(plan.status)
        plan.steps += updates().map { .delete($0) }
        for case .delete(let pod) in plan.steps
        where pod.setRevision == current.metadata.name && set.ordinal(of: pod).map(set.ordinals.contains) == true {
            plan.status.currentReplicas = plan.status.currentReplicas.flatMap { $0 > 1 ? $0 - 1 : nil }
        }
        return plan
    }

    // MARK: The pods that are to be there

    /// - Returns: Whether one must be waited for.
    private func fill(_ steps: inout [Step]) -> Bool {
        for ordinal in set.ordinals {
            guard let pod = replicas[ordinal] else {
                steps.append(.create(newPod(ordinal)))
                if set.isOrdered { return true }
                continue
            }
            if pod.isTerminal {
                // Its successor comes when it is gone.
                if !pod.metadata.isBeingDeleted { steps.append(.delete(pod)) }
                if set.isOrdered { return true }
                continue
            }
            if pod.status.phase == "Pending" { steps.append(.claim(pod)) }
            if set.isOrdered, pod.metadata.isBeingDeleted || !isAvailable(pod) { return true }
            if !pod.metadata.isBeingDeleted { steps.append(.mend(pod)) }
        }
        return false
    }

    private func newPod(_ ordinal: Int) -> Pod {
        let isOld = set.isRolling && ordinal < set.firstOrdinal + set.partition
        return StatefulPods(set: set).pod(
            ordinal, template: isOld ? currentTemplate : set.spec.template,
            revision: (isOld ? current : update).metadata.name ?? "")
    }

    // MARK: The pods that are too many

    private func removeCondemned(_ steps: inout [Step]) -> Bool {
        let firstUnhealthy = (set.ordinals.compactMap { replicas[$0] } + condemned.reversed()).first { isUnavailable($0) }
        for pod in condemned {
            if pod.metadata.isBeingDeleted {
                if set.isOrdered { return true }
                continue
            }
            // Those below come first, but an unhealthy pod must not keep itself alive.
            if set.isOrdered, !isAvailable(pod), pod.metadata.uid != firstUnhealthy?.metadata.uid { return true }
            steps.append(.delete(pod))
            if set.isOrdered { return true }
        }
        return false
    }

    // MARK: The pods of the former template

    private func updates() -> [Pod] {
        let from = set.firstOrdinal + set.partition
        guard from < set.ordinals.upperBound else { return [] }
        if set.maxUnavailable > 1 { return severalUpdates(from: from) }
        for ordinal in (from..<set.ordinals.upperBound).reversed() {
            guard let pod = replicas[ordinal] else { return [] }
            if pod.setRevision != update.metadata.name, !pod.metadata.isBeingDeleted { return [pod] }
            if isUnavailable(pod) { return [] }
        }
        return []
    }

    private func severalUpdates(from: Int) -> [Pod] {
        let unavailable = set.ordinals.count { replicas[$0].map { isUnavailable($0) } ?? true }
        let outdated = (from..<set.ordinals.upperBound).reversed().compactMap { replicas[$0] }.filter {
            $0.setRevision != update.metadata.name && !$0.metadata.isBeingDeleted
        }
        return Array(outdated.prefix(max(0, set.maxUnavailable - unavailable)))
    }

    private func isAvailable(_ pod: Pod) -> Bool { pod.isRunningAndAvailable(set.spec.minReadySeconds ?? 0, at: now) }
    private func isUnavailable(_ pod: Pod) -> Bool { pod.metadata.isBeingDeleted || !isAvailable(pod) }

    // MARK: Status

    private func countedStatus() -> StatefulSetStatus {
        var status = set.status
        let own = all.filter { set.ordinal(of: $0) != nil && $0.isCreated }
        let staying = own.filter { !$0.metadata.isBeingDeleted }
        func count(_ pods: [Pod], _ isCounted: (Pod) -> Bool) -> Int32? {
            let count = pods.count(where: isCounted)
            return count == 0 ? nil : Int32(count)
        }
        status.replicas = Int32(own.count)
        status.readyReplicas = count(own) { $0.isRunningAndReady }
        status.availableReplicas = count(own) { isAvailable($0) }
        status.currentReplicas = count(staying) { $0.setRevision == current.metadata.name }
        status.updatedReplicas = count(staying) { $0.setRevision == update.metadata.name }
        status.currentRevision = current.metadata.name
        status.updateRevision = update.metadata.name
        status.collisionCount = status.collisionCount ?? 0
        status.observedGeneration = set.metadata.generation
        return set.metadata.isBeingDeleted ? status : completed(status)
    }

    /// When all pods are new, the new revision is the current one.
    private func completed(_ status: StatefulSetStatus) -> StatefulSetStatus {
        let wanted = Int32(set.replicas)
        guard set.isRolling, status.updatedReplicas ?? 0 == wanted, status.readyReplicas ?? 0 == wanted, status.replicas == wanted else {
            return status
        }
        var status = status
        status.currentReplicas = status.updatedReplicas
        status.currentRevision = status.updateRevision
        return status
    }
}
