/// How the room on a node becomes a score.
package enum ScoringStrategy: Hashable, Sendable {
    package struct Resource: Hashable, Sendable {
        package var name: String
        package var weight: Int64
        package init(_ name: String, weight: Int64 = 1) {
            self.name = name
            self.weight = weight
        }
        package static let usual = [Resource("cpu"), Resource("memory")]
    }
    /// A point of a broken line: a share in use, 0...100, and its score, 0...10.
    package struct Point: Hashable, Sendable {
        package var utilization: Int64
        package var score: Int64
        package init(utilization: Int64, score: Int64) {
            self.utilization = utilization
            self.score = score
        }
    }
    /// The more room is left, the better: spreads.
    case leastAllocated([Resource] = Resource.usual)
    /// The less room is left, the better: packs.
    case mostAllocated([Resource] = Resource.usual)
    /// A broken line over the share in use.
    case requestedToCapacityRatio([Resource] = Resource.usual, shape: [Point])

    package var resources: [Resource] {
        switch self {
        case .leastAllocated(let resources), .mostAllocated(let resources), .requestedToCapacityRatio(let resources, _): resources
        }
    }
}

/// Scores nodes by the share of their resources that would be in use with the pod.
struct AllocationScorer: NodeScorer {
    private let strategy: ScoringStrategy
    private let pod: PodInfo

    init(pod: PodInfo, strategy: ScoringStrategy) {
        self.pod = pod
        self.strategy = strategy
    }

    func scores(of nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
        if case .leastAllocated(ScoringStrategy.Resource.usual) = strategy { return leastUsual(nodes, cluster) }
        return nodes.map { score($0, cluster) }
    }

    /// The default, without a look at names.
    private func leastUsual(_ nodes: [Int], _ cluster: ClusterSnapshot) -> [Int64] {
        let milliCPU = pod.nonZeroMilliCPU
        let memoryBytes = pod.nonZeroMemoryBytes
        var scores = [Int64](repeating: 0, count: nodes.count)
        for index in nodes.indices {
            let slot = nodes[index]
            let cpuCapacity = cluster.usage[slot].allocatableMilliCPU
            let memoryCapacity = cluster.usage[slot].allocatableMemoryBytes
            let cpuLeft = cpuCapacity - cluster.usage[slot].nonZeroMilliCPU - milliCPU
            let memoryLeft = memoryCapacity - cluster.usage[slot].nonZeroMemoryBytes - memoryBytes
            let cpu = cpuLeft < 0 || cpuCapacity == 0 ? 0 : cpuLeft * 100 / cpuCapacity
            let memory = memoryLeft < 0 || memoryCapacity == 0 ? 0 : memoryLeft * 100 / memoryCapacity
            let weights: Int64 = (cpuCapacity == 0 ? 0 : 1) + (memoryCapacity == 0 ? 0 : 1)
            scores[index] = weights == 0 ? 0 : (cpu + memory) / weights
        }
        return scores
    }

    private func score(_ slot: Int, _ cluster: ClusterSnapshot) -> Int64 {
        var sum: Int64 = 0
        var weights: Int64 = 0
        for resource in strategy.resources {
            let capacity = cluster.allocatable(resource.name, on: slot)
            let own = Self.nonZero(pod, resource.name)
            // A resource that the node has not, or that is nothing usual and not asked for, says nothing.
            guard capacity > 0, own > 0 || resource.name == "cpu" || resource.name == "memory" || resource.name == "ephemeral-storage"
            else {
                continue
            }
            let requested = Self.nonZero(slot, resource.name, cluster) + own
            let part = part(requested: requested, capacity: capacity)
            // A broken line gives weight to resources with a score only.
            if case .requestedToCapacityRatio = strategy, part <= 0 { continue }
            sum += part * resource.weight
            weights += resource.weight
        }
        guard weights > 0 else { return 0 }
        if case .requestedToCapacityRatio = strategy { return Int64((Double(sum) / Double(weights)).rounded()) }
        return sum / weights
    }

    private func part(requested: Int64, capacity: Int64) -> Int64 {
        switch strategy {
        case .leastAllocated: requested > capacity ? 0 : (capacity - requested) * 100 / capacity
        case .mostAllocated: min(requested, capacity) * 100 / capacity
        case .requestedToCapacityRatio(_, let shape): Self.line(shape, at: requested > capacity ? 100 : requested * 100 / capacity)
        }
    }

    /// The height of the broken line; scores are stretched from 0...10 to 0...100.
    static func line(_ shape: [ScoringStrategy.Point], at utilization: Int64) -> Int64 {
        guard let first = shape.first else { return 0 }
        var before = first
        for point in shape {
            if utilization <= point.utilization {
                if point == first { return point.score * 10 }
                let rise = (point.score - before.score) * 10
                return before.score * 10 + rise * (utilization - before.utilization) / (point.utilization - before.utilization)
            }
            before = point
        }
        return before.score * 10
    }

    private static func nonZero(_ slot: Int, _ name: String, _ cluster: ClusterSnapshot) -> Int64 {
        switch name {
        case "cpu": cluster.usage[slot].nonZeroMilliCPU
        case "memory": cluster.usage[slot].nonZeroMemoryBytes
        default: cluster.requested(name, on: slot)
        }
    }

    private static func nonZero(_ pod: PodInfo, _ name: String) -> Int64 {
        switch name {
        case "cpu": pod.nonZeroMilliCPU
        case "memory": pod.nonZeroMemoryBytes
        default: pod.requests[name]
        }
    }
}
