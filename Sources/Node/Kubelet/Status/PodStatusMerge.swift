package import KubernetesAPI

/// Brings together what the node agent knows of a pod's status and what others have written into it. Pure.
package enum PodStatusMerge {
    /// What the API server's object should say: the agent's status, with the fields and conditions that are not the agent's.
    ///
    /// - Parameter told: As the API server has it.
    package static func merged(_ own: PodStatus, into told: PodStatus) -> PodStatus {
        var status = known(own, told: told)
        status.nominatedNodeName = told.nominatedNodeName
        status.resourceClaimStatuses = told.resourceClaimStatuses
        status.resize = told.resize
        status.qosClass = told.qosClass ?? own.qosClass
        if status.startTime == nil { status.startTime = told.startTime }
        return status
    }

    /// The agent's status, with the conditions of others as they are now, and ended if others have declared that.
    package static func known(_ own: PodStatus, told: PodStatus) -> PodStatus {
        var status = own
        let shared = own.conditions.filter { isShared($0.type) && $0.status == "True" && !told.hasTrue($0.type) }
        let foreign = told.conditions.filter { other in !isOwn(other.type) && !shared.contains { $0.type == other.type } }
        status.conditions = foreign + shared + own.conditions.filter { isOwn($0.type) }
        if isTerminal(told), !isTerminal(own) {
            status.phase = told.phase
            status.reason = told.reason
            status.message = told.message
        }
        return status
    }

    private static func isOwn(_ type: String) -> Bool { PodConditions.owned.contains(type) }

    /// Written by whoever disrupts the pod, which may be the agent.
    private static func isShared(_ type: String) -> Bool { type == "DisruptionTarget" }

    private static func isTerminal(_ status: PodStatus) -> Bool { PodPhase(rawValue: status.phase ?? "")?.isTerminal ?? false }
}

extension PodStatus {
    fileprivate func hasTrue(_ type: String) -> Bool { conditions.contains { $0.type == type && $0.status == "True" } }
}
