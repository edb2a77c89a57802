package import KubernetesAPI

/// How much swap a container may use where the node's memorySwap.swapBehavior is LimitedSwap.
package enum SwapLimit {
    /// - Returns: nil where nothing is said of swap: containers get none.
    /// - Note: Follows the kubelet's `GetContainerSwapBehavior` and `calcSwapForBurstablePods`.
    package static func bytes(_ container: Container, in pod: Pod, _ configuration: KubeletConfiguration) -> Int64? {
        guard configuration.hasLimitedSwap else { return nil }
        let (request, limit) = (container.resources.requests.value("memory"), container.resources.limits.value("memory"))
        guard !pod.isCritical, QoSClass(of: pod) == .burstable, request > 0, request != limit else { return 0 }
        let facts = configuration.node
        guard facts.memoryBytes > 0 else { return 0 }
        return Int64(Double(request) / Double(facts.memoryBytes) * Double(facts.identity.swapBytes))
    }
}
