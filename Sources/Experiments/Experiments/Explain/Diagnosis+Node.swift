internal import APIMachinery
internal import KubernetesAPI

extension Diagnosis {
    private var nodeName: String { pod.spec.nodeName ?? "" }

    /// What is wrong with the pod's node.
    var nodeTrouble: Explanation.Finding? {
        if facts.node.isMissing {
            var finding = Explanation.Finding("NodeGone", "node", "its node \(nodeName) does not exist any more")
            finding.mends = ["start the node's agent again, or delete the pod: what owns it makes another one"]
            return finding
        }
        guard let ready = facts.node.object?.status.conditions.first(where: { $0.type == "Ready" }), ready.status != "True" else {
            return nil
        }
        let isUnknown = ready.status == "Unknown"
        var finding = Explanation.Finding(
            isUnknown ? "NodeUnreachable" : "NodeNotReady", "node",
            isUnknown ? "its node \(nodeName) does not report any more" : "its node \(nodeName) is not ready: \(ready.message ?? "")")
        finding.since = ready.lastTransitionTime
        finding.evidence = ["condition Ready of the node: \(ready.status), \(ready.reason ?? ""): \(ready.message ?? "")"]
        finding.mends = [
            isUnknown
                ? "see that the node is up and its agent runs and reaches the API server"
                : "see the node's other conditions: kubectl describe node \(nodeName)"
        ]
        return finding
    }

    /// The node's agent has said nothing about the pod.
    var notTaken: Explanation.Finding? {
        guard pod.status.startTime == nil, pod.status.containerStatuses.isEmpty, pod.status.initContainerStatuses.isEmpty else {
            return nil
        }
        let scheduled = condition("PodScheduled")?.lastTransitionTime ?? pod.metadata.creationTimestamp
        var finding = Explanation.Finding("NotTakenByNode", "node", "the agent of node \(nodeName) has not taken it yet")
        finding.since = scheduled
        finding.isOrdinary = scheduled.map { facts.now - $0 < .seconds(5) } ?? false
        if facts.node.object == nil { finding.evidence.append("there is no node object \(nodeName) that could be asked") }
        if !finding.isOrdinary { finding.mends = ["see that swiftlet (up, or agent) runs on \(nodeName), under that --node-name"] }
        return finding
    }
}
