internal import APIMachinery
internal import KubernetesAPI

/// The condition of a pod that this node ends for the sake of others.
enum DisruptionTarget {
    static let type = "DisruptionTarget"

    /// One that is there already stays.
    static func added(to conditions: [PodCondition], _ message: String, _ pod: Pod, now: Timestamp) -> [PodCondition] {
        if conditions.contains(where: { $0.type == type && $0.status == "True" }) { return conditions }
        return conditions.filter { $0.type != type } + [
            PodCondition {
                $0.type = type
                $0.status = "True"
                $0.reason = "TerminationByKubelet"
                $0.message = message
                $0.observedGeneration = pod.metadata.generation
                $0.lastTransitionTime = now.truncatedToSeconds
            }
        ]
    }
}
