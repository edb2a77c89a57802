internal import APIMachinery
internal import KubernetesAPI

/// Shares a change of size out among the sets of a rollout under way, in proportion to what each has.
struct DeploymentProportions {
    /// The new size of each set.
    private(set) var sizes: [(set: ReplicaSet, replicas: Int)] = []

    /// - Parameter active: The sets that have replicas.
    init(_ deployment: Deployment, _ active: [ReplicaSet]) {
        let allowed = deployment.replicas > 0 ? deployment.replicas + deployment.maxSurge : 0
        let change = allowed - active.totalReplicas
        var added = 0
        for set in Self.sorted(active, change) {
            let share = Self.share(of: set, deployment, change: change, added: added)
            sizes.append((set, set.replicas + share))
            added += share
        }
        // What rounding left over goes to the largest.
        if change != 0, let first = sizes.first { sizes[0].replicas = max(0, first.replicas + change - added) }
    }

    /// Largest first; of equal ones the newest when growing, the oldest when shrinking.
    private static func sorted(_ sets: [ReplicaSet], _ change: Int) -> [ReplicaSet] {
        guard change != 0 else { return sets }
        return sets.sorted { one, other in
            if one.replicas != other.replicas { return one.replicas > other.replicas }
            return change > 0 ? other.isOlder(than: one) : one.isOlder(than: other)
        }
    }

    private static func share(of set: ReplicaSet, _ deployment: Deployment, change: Int, added: Int) -> Int {
        guard set.replicas != 0, change != 0, change != added else { return 0 }
        let fraction = fraction(of: set, deployment)
        return change > 0 ? min(fraction, change - added) : max(fraction, change - added)
    }

    private static func fraction(of set: ReplicaSet, _ deployment: Deployment) -> Int {
        guard deployment.replicas != 0 else { return -set.replicas }
        let before = set.maxAnnotation.flatMap { $0 == 0 ? nil : $0 } ?? Int(deployment.status.replicas ?? 0)
        guard before != 0 else { return 0 }
        let size = Double(set.replicas * (deployment.replicas + deployment.maxSurge)) / Double(before)
        return Int(size.rounded()) - set.replicas
    }
}
