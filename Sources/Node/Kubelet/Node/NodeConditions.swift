package import APIMachinery
package import KubernetesAPI

/// The node's conditions, with upstream's reasons and messages. Pure.
package enum NodeConditions {
    /// - Parameter old: Those before: a condition that keeps its status keeps its transition time, and those of others stay.
    package static func all(_ health: NodeHealth.State, old: [NodeCondition], now: Timestamp) -> [NodeCondition] {
        let own = [
            pressure(
                "MemoryPressure", health.hasMemoryPressure, yes: "KubeletHasInsufficientMemory", no: "KubeletHasSufficientMemory",
                "memory available"),
            pressure("DiskPressure", health.hasDiskPressure, yes: "KubeletHasDiskPressure", no: "KubeletHasNoDiskPressure", nil),
            pressure(
                "PIDPressure", health.hasPIDPressure, yes: "KubeletHasInsufficientPID", no: "KubeletHasSufficientPID", "PID available"),
            ready(health.troubles),
        ]
        let names = Set(own.map(\.type))
        return old.filter { !names.contains($0.type) }
            + own.map { condition in
                let before = old.first { $0.type == condition.type }
                var condition = condition
                condition.lastHeartbeatTime = now.truncatedToSeconds
                condition.lastTransitionTime = before?.status == condition.status ? before?.lastTransitionTime : now.truncatedToSeconds
                return condition
            }
    }

    /// - Parameter amount: What is short; nil for the disk, which has a message of its own.
    private static func pressure(_ type: String, _ isPresent: Bool, yes: String, no: String, _ amount: String?) -> NodeCondition {
        NodeCondition {
            $0.type = type
            $0.status = isPresent ? "True" : "False"
            $0.reason = isPresent ? yes : no
            if let amount {
                $0.message = "kubelet has \(isPresent ? "insufficient" : "sufficient") \(amount)"
            } else {
                $0.message = isPresent ? "kubelet has disk pressure" : "kubelet has no disk pressure"
            }
        }
    }

    private static func ready(_ troubles: [String]) -> NodeCondition {
        NodeCondition {
            $0.type = "Ready"
            $0.status = troubles.isEmpty ? "True" : "False"
            $0.reason = troubles.isEmpty ? "KubeletReady" : "KubeletNotReady"
            $0.message = troubles.isEmpty ? "kubelet is posting ready status" : "[\(troubles.joined(separator: ", "))]"
        }
    }

    /// Reasons of events that tell of conditions which have changed, in their order.
    package static func eventReasons(from old: [NodeCondition], to new: [NodeCondition]) -> [String] {
        new.compactMap { condition in
            guard old.first(where: { $0.type == condition.type })?.status != condition.status else { return nil }
            let isTrue = condition.status == "True"
            return switch condition.type {
            case "MemoryPressure": isTrue ? "NodeHasInsufficientMemory" : "NodeHasSufficientMemory"
            case "DiskPressure": isTrue ? "NodeHasDiskPressure" : "NodeHasNoDiskPressure"
            case "PIDPressure": isTrue ? "NodeHasInsufficientPID" : "NodeHasSufficientPID"
            case "Ready": isTrue ? "NodeReady" : "NodeNotReady"
            default: nil
            }
        }
    }
}
