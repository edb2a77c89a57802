internal import KubernetesAPI

/// Why there is no such pod: its owner may have tried in vain.
struct AbsentPod {
    let facts: PodFacts

    var findings: [Explanation.Finding] {
        if let event = facts.latest(["FailedCreate"]) { return [refused(event)] }
        if let event = facts.latest(["TaintManagerEviction", "Preempted", "Evicted", "Killing", "SuccessfulDelete"]) {
            return [gone(event)]
        }
        var finding = Explanation.Finding(
            "NotFound", "created", "there is no pod of this name in namespace \(facts.namespace), and no event of one")
        finding.mends = ["check name and namespace: kubectl get pods -A"]
        return [finding]
    }

    private static let refusals = AdviceTable(rows: [
        .init(
            "exceeded quota", "failed quota", what: "QuotaExceeded",
            mend: "delete something, ask for less, or raise the quota: kubectl describe quota"),
        .init(
            "violates podsecurity", what: "PodSecurity",
            mend: "change the pod's securityContext as the message says, or the namespace's label pod-security.kubernetes.io/enforce"),
        .init(
            "admission webhook", what: "WebhookDenied",
            mend: "ask whoever runs the webhook: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"),
        .init(
            "validatingadmissionpolicy", what: "PolicyDenied",
            mend: "change what the policy refuses: kubectl get validatingadmissionpolicies"),
        .init(
            "serviceaccount", "service account", what: "NoServiceAccount",
            mend: "make the service account, or name another in spec.serviceAccountName"),
        .init(
            "priorityclass", "priority class", what: "NoPriorityClass",
            mend: "make the priority class, or name another in spec.priorityClassName"),
        .init(
            "maximum", "minimum", "limitrange", what: "LimitRange",
            mend: "change resources to what the namespace's LimitRange allows: kubectl describe limits"),
        .init("namespace", what: "NamespaceGone", mend: "the namespace is missing, or is being removed"),
        .init("is invalid", what: "Invalid", mend: "mend the pod template of the owner as the message says"),
        .init("forbidden", what: "Forbidden", mend: "the message says which rule refuses it"),
    ])

    private func refused(_ event: Event) -> Explanation.Finding {
        let owner = "\(event.involvedObject.kind ?? "owner") \(event.involvedObject.name ?? "")"
        let row = Self.refusals.first(in: event.message ?? "")
        var finding = Explanation.Finding(row?.what ?? "FailedCreate", "created", "\(owner) may not make it: \(event.message ?? "")")
        finding.since = event.firstTimestamp ?? event.time
        finding.evidence = [event.line(at: facts.now)]
        finding.mends = row.map { [$0.mend] } ?? []
        return finding
    }

    private func gone(_ event: Event) -> Explanation.Finding {
        var finding = Explanation.Finding("Gone", "created", "it was there and is not any more: \(event.message ?? "")")
        finding.since = event.time
        finding.evidence = [event.line(at: facts.now)]
        return finding
    }
}
