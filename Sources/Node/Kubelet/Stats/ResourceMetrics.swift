internal import CRI
internal import KubernetesAPI

/// `/metrics/resource`: what autoscalers and `kubectl top` live on, with the kubelet's names.
enum ResourceMetrics {
    static func text(_ snapshot: StatsProvider.Snapshot) -> String {
        var output = PrometheusText()
        let node = snapshot.node
        let time = node.time.nanosecondsSinceEpoch
        let containers = snapshot.pods.flatMap { pod in
            pod.stats.containers.map { stats in
                (labels: [("container", stats.metadata.name), ("namespace", pod.pod.namespace), ("pod", pod.pod.name)], stats: stats)
            }
        }
        let pods = snapshot.pods.map { (labels: [("namespace", $0.pod.namespace), ("pod", $0.pod.name)], stats: $0.stats) }

        output.begin(
            "container_cpu_usage_seconds_total", .counter, "[STABLE] Cumulative cpu time consumed by the container in core-seconds")
        for (labels, stats) in containers {
            guard let cpu = stats.cpu else { continue }
            output.add("container_cpu_usage_seconds_total", labels, PrometheusText.seconds(cpu.usageCoreNanoSeconds), at: cpu.timestamp)
        }
        output.begin("container_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the container in bytes")
        for (labels, stats) in containers {
            guard let memory = stats.memory else { continue }
            output.add("container_memory_working_set_bytes", labels, "\(memory.workingSetBytes)", at: memory.timestamp)
        }
        output.begin("container_start_time_seconds", .gauge, "[STABLE] Start time of the container since unix epoch in seconds")
        for (labels, stats) in containers {
            output.add("container_start_time_seconds", labels, PrometheusText.seconds(UInt64(max(0, stats.startedAt))))
        }
        output.begin("container_swap_usage_bytes", .gauge, "[ALPHA] Current amount of the container swap usage in bytes.")
        for (labels, stats) in containers {
            guard let memory = stats.memory, let swap = memory.swapUsageBytes else { continue }
            output.add("container_swap_usage_bytes", labels, "\(swap)", at: memory.timestamp)
        }
        output.begin("node_cpu_usage_seconds_total", .counter, "[STABLE] Cumulative cpu time consumed by the node in core-seconds")
        output.add("node_cpu_usage_seconds_total", [], PrometheusText.seconds(node.cpuNanoSeconds), at: time)
        output.begin("node_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the node in bytes")
        output.add("node_memory_working_set_bytes", [], "\(node.workingSetBytes)", at: time)
        output.begin("node_swap_usage_bytes", .gauge, "[ALPHA] Current swap usage of the node in bytes.")
        output.add("node_swap_usage_bytes", [], "\(node.swapUsedBytes)", at: time)
        output.begin("pod_cpu_usage_seconds_total", .counter, "[STABLE] Cumulative cpu time consumed by the pod in core-seconds")
        for (labels, stats) in pods {
            guard let cpu = stats.cpu else { continue }
            output.add("pod_cpu_usage_seconds_total", labels, PrometheusText.seconds(cpu.usageCoreNanoSeconds), at: cpu.timestamp)
        }
        output.begin("pod_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the pod in bytes")
        for (labels, stats) in pods {
            guard let memory = stats.memory else { continue }
            output.add("pod_memory_working_set_bytes", labels, "\(memory.workingSetBytes)", at: memory.timestamp)
        }
        output.begin("resource_scrape_error", .gauge, "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise")
        output.add("resource_scrape_error", [], "0")
        return output.text
    }
}

/// `/metrics/cadvisor`: the same and more, with cAdvisor's names and labels.
enum CadvisorMetrics {
    static func text(_ snapshot: StatsProvider.Snapshot, coreCount: Int) -> String {
        var output = PrometheusText()
        let rows = snapshot.pods.flatMap { pod in
            pod.stats.containers.map { stats in Row(pod: pod.pod, stats: stats) }
        }
        func family(_ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (ContainerStats) -> String?) {
            output.begin(name, kind, help)
            for row in rows { if let value = value(row.stats) { output.add(name, row.labels, value, at: row.stats.cpu?.timestamp) } }
        }
        family("container_cpu_usage_seconds_total", .counter, "Cumulative cpu time consumed in seconds.") {
            $0.cpu.map { PrometheusText.seconds($0.usageCoreNanoSeconds) }
        }
        family(
            "container_memory_usage_bytes", .gauge, "Current memory usage in bytes, including all memory regardless of when it was accessed"
        ) {
            $0.memory.map { "\($0.usageBytes)" }
        }
        family("container_memory_working_set_bytes", .gauge, "Current working set in bytes.") { $0.memory.map { "\($0.workingSetBytes)" } }
        family("container_memory_rss", .gauge, "Size of RSS in bytes.") { $0.memory.map { "\($0.rssBytes)" } }
        family("container_oom_events_total", .counter, "Count of out of memory events observed for the container") { "\($0.oomEvents)" }
        family("container_processes", .gauge, "Number of processes running inside the container.") { "\($0.processCount)" }
        family("container_fs_usage_bytes", .gauge, "Number of bytes that are consumed by the container on this filesystem.") {
            $0.writableLayer.map { "\($0.usedBytes)" }
        }
        family("container_start_time_seconds", .gauge, "Start time of the container since unix epoch in seconds.") {
            PrometheusText.seconds(UInt64(max(0, $0.startedAt)))
        }
        addNetwork(snapshot, &output)
        output.begin("machine_cpu_cores", .gauge, "Number of logical CPU cores.")
        output.add("machine_cpu_cores", [], "\(coreCount)")
        output.begin("machine_memory_bytes", .gauge, "Amount of memory installed on the machine.")
        output.add("machine_memory_bytes", [], "\(snapshot.node.memoryBytes)")
        return output.text
    }

    private static func addNetwork(_ snapshot: StatsProvider.Snapshot, _ output: inout PrometheusText) {
        let families: [(String, String, (NetworkInterfaceUsage) -> UInt64)] = [
            ("container_network_receive_bytes_total", "Cumulative count of bytes received", { $0.rxBytes }),
            ("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", { $0.rxErrors }),
            ("container_network_receive_packets_total", "Cumulative count of packets received", { $0.rxPackets }),
            ("container_network_receive_packets_dropped_total", "Cumulative count of packets dropped while receiving", { $0.rxDropped }),
            ("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", { $0.txBytes }),
            ("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", { $0.txErrors }),
            ("container_network_transmit_packets_total", "Cumulative count of packets transmitted", { $0.txPackets }),
            (
                "container_network_transmit_packets_dropped_total", "Cumulative count of packets dropped while transmitting",
                { $0.txDropped }
            ),
        ]
        for (name, help, value) in families {
            output.begin(name, .counter, help)
            for pod in snapshot.pods {
                for interface in pod.stats.interfaces {
                    output.add(
                        name,
                        [
                            ("container", ""), ("id", pod.stats.id), ("image", ""), ("interface", interface.name), ("name", pod.stats.id),
                            ("namespace", pod.pod.namespace), ("pod", pod.pod.name),
                        ], "\(value(interface))", at: pod.stats.networkTimestamp)
                }
            }
        }
    }

    private struct Row {
        var labels: [(String, String)]
        var stats: ContainerStats

        init(pod: Pod, stats: ContainerStats) {
            self.stats = stats
            labels = [
                ("container", stats.metadata.name), ("id", stats.id), ("image", pod.container(named: stats.metadata.name)?.image ?? ""),
                ("name", stats.id), ("namespace", pod.namespace), ("pod", pod.name),
            ]
        }
    }
}
