internal import APIMachinery
internal import KubernetesAPI

extension Deployment {
    var replicas: Int { Int(spec.replicas ?? 1) }
    var isRolling: Bool { spec.strategy.type != "Recreate" }

    /// How many pods there may be above, and how many may lack below, the number asked for. Percentages round towards more pods; if both
    /// come to nothing, one may lack, or nothing would ever move.
    private var limits: (surge: Int, unavailable: Int) {
        guard isRolling else { return (0, 0) }
        let rolling = spec.strategy.rollingUpdate
        let surge = (rolling?.maxSurge ?? .int(0)).scaled(to: replicas, roundingUp: true) ?? 0
        let unavailable = (rolling?.maxUnavailable ?? .int(0)).scaled(to: replicas, roundingUp: false) ?? 0
        return (surge, surge == 0 && unavailable == 0 ? 1 : unavailable)
    }

    var maxSurge: Int { limits.surge }
    var maxUnavailable: Int { min(limits.unavailable, replicas) }

    /// nil when it may take for ever.
    var progressDeadline: Duration? {
        guard let seconds = spec.progressDeadlineSeconds, seconds != .max else { return nil }
        return .seconds(Int64(seconds))
    }

    /// nil when all are kept.
    var historyLimit: Int? { spec.revisionHistoryLimit.flatMap { $0 == .max ? nil : Int($0) } }
}

extension ReplicaSet {
    var replicas: Int { Int(spec.replicas ?? 1) }
    var available: Int { Int(status.availableReplicas ?? 0) }
    var revision: Int64 { metadata.annotations[DeploymentNames.revision].flatMap { Int64($0) } ?? 0 }
    var desiredAnnotation: Int? { metadata.annotations[DeploymentNames.desiredReplicas].flatMap { Int($0) } }
    var maxAnnotation: Int? { metadata.annotations[DeploymentNames.maxReplicas].flatMap { Int($0) } }

    /// Whether it makes the pods that the Deployment asks for.
    func isOf(_ template: PodTemplateSpec) -> Bool { (spec.template ?? PodTemplateSpec()).withoutHash == template.withoutHash }

    func isOlder(than other: ReplicaSet) -> Bool {
        let (mine, others) = (metadata.creationTimestamp, other.metadata.creationTimestamp)
        if mine == others { return (metadata.name ?? "") < (other.metadata.name ?? "") }
        guard let mine, let others else { return mine == nil }
        return mine < others
    }
}

extension PodTemplateSpec {
    /// Without the label that the hash of a template adds to it.
    fileprivate var withoutHash: PodTemplateSpec {
        guard metadata.labels[DeploymentNames.templateHash] != nil else { return self }
        var template = self
        template.metadata.labels[DeploymentNames.templateHash] = nil
        return template
    }
}

extension [ReplicaSet] {
    var totalReplicas: Int { reduce(0) { $0 + $1.replicas } }
    var totalAvailable: Int { reduce(0) { $0 + $1.available } }
    var totalActual: Int { reduce(0) { $0 + Int($1.status.replicas) } }
    var active: [ReplicaSet] { filter { $0.replicas > 0 } }
    var oldestFirst: [ReplicaSet] { sorted { $0.isOlder(than: $1) } }
}
