internal import APIMachinery
internal import KubernetesAPI

extension Diagnosis {
    /// Why a running container is not ready.
    func probes(_ container: Container, _ status: ContainerStatus) -> Explanation.Finding? {
        guard status.state.running != nil else { return nil }
        if let startup = container.startupProbe, status.started != true { return unproven("startup", startup, container, status) }
        if let readiness = container.readinessProbe, !status.ready { return unproven("readiness", readiness, container, status) }
        return nil
    }

    private func unproven(_ kind: String, _ probe: Probe, _ container: Container, _ status: ContainerStatus) -> Explanation.Finding {
        let started = status.state.running?.startedAt
        let delay = Duration.seconds(probe.initialDelaySeconds ?? 0)
        var finding = Explanation.Finding(
            "\(kind.capitalizedFirst)ProbeFailing", stage(container),
            "container \(container.name) runs, but its \(kind) probe has not succeeded")
        finding.since = started
        let event = facts.latest(["Unhealthy"], container: container.name, containing: "\(kind.capitalizedFirst) probe")
        let attempts = history(kind, container)
        if let event { finding.evidence.append(event.line(at: facts.now)) }
        if let last = attempts.last(where: { $0["result"]?.stringValue != "success" }) {
            finding.evidence.append(
                "attempt at \(last["time"]?.stringValue ?? ""): \(last["result"]?.stringValue ?? ""): \(last["message"]?.stringValue ?? "")"
            )
        }
        if event == nil, !attempts.contains(where: { $0["result"]?.stringValue != "success" }) {
            return waitsForProbe(kind, delay, started, container, finding)
        }
        finding.mends = [advice(finding.evidence.joined(separator: " "), kind)]
        if kind == "startup" {
            let limit = Int(probe.failureThreshold ?? 3) * Int(probe.periodSeconds ?? 10)
            finding.evidence.append("it is ended \(limit) s after the probe's begin, unless the probe succeeds before")
        }
        return finding
    }

    private func waitsForProbe(
        _ kind: String, _ delay: Duration, _ started: Timestamp?, _ container: Container, _ finding: Explanation.Finding
    ) -> Explanation.Finding {
        var finding = finding
        finding.code = "\(kind.capitalizedFirst)ProbePending"
        finding.what = "container \(container.name) runs; its \(kind) probe has not been asked often enough yet"
        finding.isOrdinary = true
        if let started, delay > .zero { finding.next = started + delay }
        return finding
    }

    private func history(_ kind: String, _ container: Container) -> [JSONValue] {
        facts.probes.first { $0["container"]?.stringValue == container.name && $0["probe"]?.stringValue == kind }?["attempts"]?.arrayValue
            ?? []
    }

    private static let answers = AdviceTable(rows: [
        .init(
            "connection refused", what: "",
            mend: "nobody listens at that port: check the probe's port, and that the program listens on 0.0.0.0 and not only on 127.0.0.1"),
        .init("statuscode: 4", what: "", mend: "the program answers, but not at that path: check httpGet.path and its headers"),
        .init("statuscode: 5", what: "", mend: "the program itself says that it is not well: see its log"),
        .init(
            "timed out", "timeout", "deadline exceeded", what: "",
            mend: "the answer comes later than timeoutSeconds: raise it, or make the check cheaper"),
        .init("couldn't find port", what: "", mend: "the probe names a port that the container does not have: compare ports[].name"),
        .init("no such file", "not found", "executable file", what: "", mend: "the probe's command is not in the image"),
        .init(
            "service unhealthy", "not_serving", "unknown service", what: "",
            mend: "the program's gRPC health service does not say SERVING: check grpc.service"),
    ])

    private func advice(_ text: String, _ kind: String) -> String {
        Self.answers.first(in: text)?.mend ?? "see what the check does and says; kubectl exec lets you run it by hand"
    }

    /// Conditions that others have to make true.
    var gates: [Explanation.Finding] {
        guard condition("ContainersReady")?.status == "True", condition("Ready")?.status != "True" else { return [] }
        return pod.spec.readinessGates.compactMap { gate in
            let found = condition(gate.conditionType)
            if found?.status == "True" { return nil }
            var finding = Explanation.Finding(
                "ReadinessGate", "ready",
                "its containers are ready, but the readiness gate \(gate.conditionType) "
                    + (found.map { "is \($0.status)\($0.message.map { ": \($0)" } ?? "")" } ?? "has not been set by anybody"))
            finding.since = condition("ContainersReady")?.lastTransitionTime
            finding.mends = ["whoever owns the condition sets it to True in the pod's status"]
            return finding
        }
    }
}
