internal import APIMachinery
internal import KubernetesAPI

extension PodsLimits {
    /// What is there without what is reserved. What eviction keeps free is not taken off: it is to act before the kernel does.
    package init(_ configuration: KubeletConfiguration) {
        let (facts, reserved) = (configuration.node, configuration.reservation)
        cpuShares = CPUArithmetic.shares(milliCPU: max(0, facts.milliCPU - reserved.milliValue("cpu")))
        memoryBytes = configuration.podsMemoryLimitBytes
        pids = facts.maxPIDs > 0 ? max(1, facts.maxPIDs - reserved.value("pid")) : nil
    }
}

extension Kubelet {
    /// Keeps all pods together to what they may have, and tells how that went.
    func limitPods() async {
        let configuration = node.configuration
        guard configuration.enforcesNodeAllocatable, configuration.isInCluster || configuration.evictsPods else { return }
        do {
            let missing = try await node.cgroups.limitPods(PodsLimits(configuration))
            guard let first = missing.first else {
                return node.nodeEvents.send(.normal, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods")
            }
            tellFailure(first)
        } catch {
            tellFailure("\(error)")
        }
    }

    private func tellFailure(_ cause: String) {
        node.nodeEvents.send(
            .warning, "FailedNodeAllocatableEnforcement", "Failed to update Node Allocatable Limits \"kubepods\": \(cause)")
    }
}
