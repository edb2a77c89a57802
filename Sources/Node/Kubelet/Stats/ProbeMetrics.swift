internal import KubernetesAPI

/// `/metrics/probes`: what probes have found and how long they took, with the kubelet's names.
enum ProbeMetrics {
    static func text(_ pods: [(pod: Pod, histories: [ProbeHistory])]) -> String {
        var output = PrometheusText()
        output.begin(
            "prober_probe_total", .counter, "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.")
        for (pod, histories) in pods {
            for history in histories {
                let results = [
                    ("successful", history.counts.successful), ("failed", history.counts.failed), ("unknown", history.counts.unknown),
                ]
                for (result, count) in results where count > 0 {
                    output.add(
                        "prober_probe_total",
                        [
                            ("container", history.container), ("namespace", pod.namespace), ("pod", pod.name), ("pod_uid", pod.uid),
                            ("probe_type", history.kind.title), ("result", result),
                        ], "\(count)")
                }
            }
        }
        output.begin("prober_probe_duration_seconds", .histogram, "[ALPHA] Duration in seconds for a probe response.")
        for (pod, histories) in pods { for history in histories { addDurations(of: history, pod, &output) } }
        return output.text
    }

    private static func addDurations(of history: ProbeHistory, _ pod: Pod, _ output: inout PrometheusText) {
        let name = "prober_probe_duration_seconds"
        let labels = [
            ("container", history.container), ("namespace", pod.namespace), ("pod", pod.name), ("probe_type", history.kind.title),
        ]
        var sum: Int64 = 0
        for (index, count) in history.buckets.enumerated() {
            sum += count
            let bound = index < ProbeHistory.bucketSeconds.count ? "\(ProbeHistory.bucketSeconds[index])" : "+Inf"
            output.add("\(name)_bucket", labels + [("le", bound)], "\(sum)")
        }
        output.add("\(name)_sum", labels, PrometheusText.seconds(UInt64(max(0, history.totalDuration.wholeMicroseconds)) * 1_000))
        output.add("\(name)_count", labels, "\(history.totalCount)")
    }
}
