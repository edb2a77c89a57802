internal import APIMachinery
internal import KubernetesAPI

/// What a pod takes from its node, by upstream's arithmetic (component-helpers/resource, `PodRequests`).
///
/// Containers and sidecars run together; each init container runs beside the sidecars that were started before it; the larger of the two counts.
/// Requests of the whole pod (KEP-2837) stand for the sum of the containers'. The overhead of the runtime class comes on top. While a container
/// is being resized in place (KEP-1287) the larger of what is asked for and what it has counts, unless the node has said that it can't.
enum PodRequests {
    /// For a container that asks for nothing; upstream's figures, used by scores alone.
    private static let assumedMilliCPU: Int64 = 100
    private static let assumedMemoryBytes: Int64 = 200 << 20

    /// What counts against the node's allocatable amounts.
    static func requests(of pod: Pod) -> ResourceAmounts {
        total(of: pod, assuming: false)
    }

    /// The same, but a container without a request is taken to need a little CPU and memory.
    static func nonZeroRequests(of pod: Pod) -> ResourceAmounts {
        total(of: pod, assuming: true)
    }

    private static func total(of pod: Pod, assuming: Bool) -> ResourceAmounts {
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses
        let isInfeasible = pod.status.conditions.contains { $0.type == "PodResizePending" && $0.reason == "Infeasible" }
        func amounts(_ container: Container) -> ResourceAmounts {
            var amounts = effective(container, statuses.first { $0.name == container.name }, isInfeasible)
            if assuming {
                if container.resources.requests["cpu"] == nil { amounts.milliCPU = assumedMilliCPU }
                if container.resources.requests["memory"] == nil { amounts.memoryBytes = assumedMemoryBytes }
            }
            return amounts
        }
        var sum = pod.spec.containers.reduce(into: ResourceAmounts()) { $0 += amounts($1) }
        if !pod.spec.initContainers.isEmpty { sum = including(pod.spec.initContainers, in: sum, amounts) }
        if let whole = pod.spec.resources?.requests {
            for (name, quantity) in whole { sum[name] = name == "cpu" ? quantity.milliValue : quantity.value }
        }
        if !pod.spec.overhead.isEmpty { sum += ResourceAmounts(pod.spec.overhead) }
        return sum
    }

    private static func including(
        _ initContainers: [Container], in containers: ResourceAmounts, _ amounts: (Container) -> ResourceAmounts
    ) -> ResourceAmounts {
        var running = containers
        var sidecars = ResourceAmounts()
        var peak = ResourceAmounts()
        for container in initContainers {
            let own = amounts(container)
            if container.restartPolicy == "Always" {
                running += own
                sidecars += own
                peak = peak.union(sidecars)
            } else {
                peak = peak.union(sidecars + own)
            }
        }
        return running.union(peak)
    }

    private static func effective(_ container: Container, _ status: ContainerStatus?, _ isInfeasible: Bool) -> ResourceAmounts {
        let asked = ResourceAmounts(container.resources.requests)
        guard let status else { return asked }
        let actual = status.resources.map { ResourceAmounts($0.requests) } ?? ResourceAmounts(status.allocatedResources)
        let allocated = ResourceAmounts(status.allocatedResources)
        guard status.resources != nil || !status.allocatedResources.isEmpty else { return asked }
        let held = actual.union(allocated)
        return isInfeasible ? held : asked.union(held)
    }
}
