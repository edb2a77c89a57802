internal import APIMachinery
internal import KubernetesAPI

/// A directory that lives as long as the pod, on disk or in memory.
struct EmptyDirVolume {
    static let plugin = "empty-dir"
    private static let hugePagesPrefix = "HugePages-"

    enum Medium: Equatable {
        case disk
        /// - Parameter sizeBytes: nil: the kernel's default.
        case memory(sizeBytes: Int64?)
        case hugePages(pageSizeBytes: Int64)
    }
    let name: String
    let medium: Medium

    init(_ name: String, _ source: EmptyDirVolumeSource, _ pod: Pod, _ node: NodeFacts) throws(VolumeError) {
        self.name = name
        switch source.medium ?? "" {
        case "": medium = .disk
        case "Memory": medium = .memory(sizeBytes: Self.memorySize(source, pod, node))
        case "HugePages": medium = .hugePages(pageSizeBytes: try Self.onlyPageSize(name, pod))
        case let text where text.hasPrefix(Self.hugePagesPrefix):
            guard let size = try? Quantity(parsing: String(text.dropFirst(Self.hugePagesPrefix.count))).value, size > 0 else {
                throw VolumeError(name, "medium \(text) names no page size")
            }
            medium = .hugePages(pageSizeBytes: size)
        case let text: throw VolumeError(name, "unknown storage medium \"\(text)\"")
        }
    }

    /// The least of the volume's limit, the pod's memory limit and what the node gives to pods.
    private static func memorySize(_ source: EmptyDirVolumeSource, _ pod: Pod, _ node: NodeFacts) -> Int64? {
        var sizes: [Int64] = []
        if let limit = source.sizeLimit, !limit.isZero { sizes.append(limit.value) }
        let podLimit = PodCgroupMemory.limit(pod)
        if let podLimit { sizes.append(podLimit) }
        if let allocatable = node.allocatableMemoryBytes { sizes.append(allocatable) }
        return sizes.min()
    }

    private static func onlyPageSize(_ name: String, _ pod: Pod) throws(VolumeError) -> Int64 {
        let containers = pod.spec.initContainers + pod.spec.containers
        let sizes = Set(containers.flatMap { $0.resources.requests.keys.compactMap { HugePages.pageSize(ofResource: $0) } })
        guard let size = sizes.first, sizes.count == 1 else {
            throw VolumeError(name, "medium HugePages needs exactly one page size in the containers' requests, found \(sizes.count)")
        }
        return size
    }
}

enum PodCgroupMemory {
    /// nil: a container without a limit, so the pod has none.
    static func limit(_ pod: Pod) -> Int64? {
        let all = (pod.spec.initContainers + pod.spec.containers).map(\.resources.limits)
        let podLevel = pod.spec.resources?.limits ?? [:]
        guard podLevel.isPositive("memory") || all.allSatisfy({ $0.isPositive("memory") }) else { return nil }
        return PodResources.limits(pod).value("memory")
    }
}
