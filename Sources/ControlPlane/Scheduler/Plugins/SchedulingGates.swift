/// Pods with `spec.schedulingGates` wait until the last gate is gone (KEP-3521).
package struct SchedulingGatesPlugin: PreEnqueuePlugin {
    package let name = "SchedulingGates"
    package var interests: ClusterChange.Kinds { .waitingPod }
    package init() {}
    package func refusal(toEnqueue pod: PodInfo) -> Refusal? {
        guard pod.isGated else { return nil }
        let gates = pod.pod.spec.schedulingGates.map(\.name)
        return .unresolvable("waiting for scheduling gates: [\(gates.joined(separator: " "))]")
    }
    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        if case .waitingPodUpdated(_, let new) = change { !new.isGated } else { false }
    }
}
