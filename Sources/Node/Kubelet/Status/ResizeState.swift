internal import APIMachinery
internal import KubernetesAPI

/// Where a change of a pod's resources stands, as its conditions show it.
package enum ResizeState: Sendable, Hashable {
    case none
    /// `Deferred` or `Infeasible`.
    case pending(reason: String, message: String)
    /// - Parameter error: What went wrong at the last attempt.
    case inProgress(error: String?)

    package static let pendingType = "PodResizePending"
    package static let inProgressType = "PodResizeInProgress"

    func conditions(_ pod: Pod, old: [PodCondition], now: Timestamp) -> [PodCondition] {
        let type: String
        var (reason, message): (String?, String?) = (nil, nil)
        switch self {
        case .none: return []
        case .pending(let why, let text): (type, reason, message) = (Self.pendingType, why, text)
        case .inProgress(let error):
            type = Self.inProgressType
            if let error { (reason, message) = ("Error", error) }
        }
        return [
            PodCondition {
                $0.type = type
                $0.status = "True"
                $0.reason = reason
                $0.message = message
                $0.observedGeneration = pod.metadata.generation
                $0.lastTransitionTime = old.first { $0.type == type }?.lastTransitionTime ?? now.truncatedToSeconds
            }
        ]
    }
}
