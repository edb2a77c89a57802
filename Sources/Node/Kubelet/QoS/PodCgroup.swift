package import APIMachinery
package import KubernetesAPI

/// Place and limits of a pod's cgroup.
package struct PodCgroup: Sendable, Hashable {
    /// Below the cgroup root, without a slash in front: `kubepods/burstable/pod<UID>`.
    package var path: String
    package var qosClass: QoSClass
    package var cpuShares: Int64
    /// `cpu.weight`, from the shares by the linear formula that the kubelet uses at this level.
    package var cpuWeight: Int64 { CPUArithmetic.linearWeight(shares: cpuShares) }
    /// Microseconds per `cpuPeriod`; nil: no limit.
    package var cpuQuota: Int64?
    package var cpuPeriod: Int64
    /// nil: no limit.
    package var memoryBytes: Int64?
    /// Page size in bytes → bytes, for every page size of the node.
    package var hugePages: [Int64: Int64]
    /// nil: no limit.
    package var pids: Int64?

    /// - Note: Follows `ResourceConfigForPod` of the kubelet.
    package init(_ pod: Pod, _ configuration: KubeletConfiguration) {
        qosClass = QoSClass(of: pod)
        path = Self.path(uid: pod.uid, qosClass)
        let requests = PodResources.requests(pod)
        let limits = PodResources.limits(pod)
        cpuPeriod = configuration.cpuCFSQuotaPeriodMicroseconds
        cpuShares = CPUArithmetic.shares(milliCPU: requests["cpu"] == nil ? limits.milliValue("cpu") : requests.milliValue("cpu"))
        if qosClass != .bestEffort {
            let all = (pod.spec.initContainers + pod.spec.containers).map(\.resources.limits)
            let podLimits = pod.spec.resources?.limits ?? [:]
            if configuration.cpuCFSQuota, podLimits.isPositive("cpu") || all.allSatisfy({ $0.isPositive("cpu") }) {
                cpuQuota = CPUArithmetic.quota(milliCPU: limits.milliValue("cpu"), period: cpuPeriod)
            }
            if podLimits.isPositive("memory") || all.allSatisfy({ $0.isPositive("memory") }) { memoryBytes = limits.value("memory") }
        } else {
            cpuShares = CPUArithmetic.minShares
        }
        hugePages = HugePages.limits(limits, configuration.node.hugePageSizes)
        pids = configuration.podPidsLimit
    }

    package static func path(uid: PodUID, _ qosClass: QoSClass) -> String {
        switch qosClass {
        case .guaranteed: "kubepods/pod\(uid)"
        case .burstable: "kubepods/burstable/pod\(uid)"
        case .bestEffort: "kubepods/besteffort/pod\(uid)"
        }
    }
}

package enum HugePages {
    private static let prefix = "hugepages-"

    /// What is asked for of each page size that the node has; 0 where nothing is.
    package static func limits(_ limits: [String: Quantity], _ pageSizes: [Int64]) -> [Int64: Int64] {
        var result = Dictionary(uniqueKeysWithValues: pageSizes.map { ($0, Int64(0)) })
        for (name, quantity) in limits {
            if let pageSize = pageSize(ofResource: name), result[pageSize] != nil { result[pageSize] = quantity.value }
        }
        return result
    }

    /// Bytes of `hugepages-2Mi`; nil for other resources.
    package static func pageSize(ofResource name: String) -> Int64? {
        guard name.hasPrefix(prefix) else { return nil }
        return try? Quantity(parsing: String(name.dropFirst(prefix.count))).value
    }

    /// `hugepages-2Mi` for 2 MiB.
    package static func resource(pageSize: Int64) -> String {
        let text = pageSize >= 1 << 30 ? "\(pageSize >> 30)Gi" : pageSize >= 1 << 20 ? "\(pageSize >> 20)Mi" : "\(pageSize >> 10)Ki"
        return prefix + text
    }

    /// As the kernel names a page size in `hugetlb.2MB.max`.
    package static func kernelName(_ pageSize: Int64) -> String {
        if pageSize >= 1 << 30 { return "\(pageSize >> 30)GB" }
        return pageSize >= 1 << 20 ? "\(pageSize >> 20)MB" : "\(pageSize >> 10)KB"
    }
}
