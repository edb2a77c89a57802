internal import APIMachinery
package import CRI
package import KubernetesAPI

extension LinuxContainerResources {
    /// Without LimitedSwap containers get no swap: memory and swap together are limited to the memory limit.
    ///
    /// - Note: Follows `generateLinuxContainerResources` of the kubelet with the cgroup v2 part.
    package init(_ container: Container, in pod: Pod, _ configuration: KubeletConfiguration) {
        self.init()
        let requests = container.resources.requests
        let limits = container.resources.limits
        cpuShares = CPUArithmetic.shares(milliCPU: requests["cpu"] == nil ? limits.milliValue("cpu") : requests.milliValue("cpu"))
        cpuPeriod = configuration.cpuCFSQuotaPeriodMicroseconds
        if configuration.cpuCFSQuota { cpuQuota = CPUArithmetic.quota(milliCPU: limits.milliValue("cpu"), period: cpuPeriod) }
        memoryLimitInBytes = limits.value("memory")
        if let swap = SwapLimit.bytes(container, in: pod, configuration) {
            unified["memory.swap.max"] = "\(swap)"
        } else {
            memorySwapLimitInBytes = memoryLimitInBytes
        }
        oomScoreAdj = OOMScore.adjustment(of: container, in: pod, nodeMemoryBytes: configuration.node.memoryBytes)
        hugepageLimits = HugePages.limits(limits, configuration.node.hugePageSizes).sorted { $0.key < $1.key }
            .map { HugepageLimit(pageSize: HugePages.kernelName($0.key), limit: UInt64(clamping: $0.value)) }
        if !configuration.singleProcessOOMKill { unified["memory.oom.group"] = "1" }
    }
}

extension OOMScore {
    private static let nodeCriticalPriorityClass = "system-node-critical"

    package static func adjustment(of container: Container, in pod: Pod, nodeMemoryBytes: Int64) -> Int64 {
        let isNodeCritical = pod.spec.priorityClassName == nodeCriticalPriorityClass
        let qosClass = QoSClass(of: pod)
        let own = adjustment(
            qosClass: qosClass, isNodeCritical: isNodeCritical,
            memoryRequestBytes: container.resources.requests.value("memory") + podLevelShare(pod), nodeMemoryBytes: nodeMemoryBytes)
        guard container.isSidecar, pod.isInitContainer(container.name), qosClass == .burstable, !isNodeCritical else { return own }
        let smallest = pod.spec.containers.map { $0.resources.requests.value("memory") }.min() ?? 0
        return sidecarAdjustment(
            own: own, smallestRegularRequestBytes: smallest + podLevelShare(pod), nodeMemoryBytes: nodeMemoryBytes)
    }

    /// What pod-level requests leave over is shared evenly.
    private static func podLevelShare(_ pod: Pod) -> Int64 {
        guard let podRequest = pod.spec.resources?.requests["memory"]?.value else { return 0 }
        let containers = pod.sidecars + pod.spec.containers
        let sum = containers.reduce(0) { $0 + $1.resources.requests.value("memory") }
        return containers.isEmpty ? 0 : max(0, podRequest - sum) / Int64(containers.count)
    }
}
