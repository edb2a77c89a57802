/// What a node has and what its pods take of the usual resources: plain numbers in one place, so that a look at a node costs little.
package struct NodeUsage: Hashable, Sendable {
    package internal(set) var allocatableMilliCPU: Int64 = 0
    package internal(set) var allocatableMemoryBytes: Int64 = 0
    package internal(set) var allocatableEphemeralBytes: Int64 = 0
    package internal(set) var allocatablePods: Int64 = 0
    package internal(set) var milliCPU: Int64 = 0
    package internal(set) var memoryBytes: Int64 = 0
    package internal(set) var ephemeralBytes: Int64 = 0
    /// With small amounts for containers that ask for none.
    package internal(set) var nonZeroMilliCPU: Int64 = 0
    package internal(set) var nonZeroMemoryBytes: Int64 = 0
    package internal(set) var podCount: Int64 = 0

    mutating func setAllocatable(_ amounts: ResourceAmounts, pods: Int64) {
        allocatableMilliCPU = amounts.milliCPU
        allocatableMemoryBytes = amounts.memoryBytes
        allocatableEphemeralBytes = amounts.ephemeralStorageBytes
        allocatablePods = pods
    }

    /// - Parameter step: 1 for a pod that comes, -1 for one that goes.
    mutating func change(_ pod: PodInfo, by step: Int64) {
        milliCPU += step * pod.requests.milliCPU
        memoryBytes += step * pod.requests.memoryBytes
        ephemeralBytes += step * pod.requests.ephemeralStorageBytes
        nonZeroMilliCPU += step * pod.nonZeroMilliCPU
        nonZeroMemoryBytes += step * pod.nonZeroMemoryBytes
        podCount += step
    }
}

/// The same of all other resources.
package struct ExtendedUsage: Hashable, Sendable {
    package internal(set) var allocatable: [String: Int64] = [:]
    package internal(set) var requested: [String: Int64] = [:]

    mutating func change(_ pod: PodInfo, by step: Int64) {
        for (name, amount) in pod.requests.others where amount != 0 {
            let sum = (requested[name] ?? 0) + step * amount
            requested[name] = sum == 0 ? nil : sum
        }
    }
}

extension ClusterSnapshot {
    /// Of CPU the thousandths, of all else whole units.
    package func allocatable(_ resource: String, on slot: Int) -> Int64 {
        switch resource {
        case "cpu": usage[slot].allocatableMilliCPU
        case "memory": usage[slot].allocatableMemoryBytes
        case "ephemeral-storage": usage[slot].allocatableEphemeralBytes
        default: extendedUsage[slot].allocatable[resource] ?? 0
        }
    }

    package func requested(_ resource: String, on slot: Int) -> Int64 {
        switch resource {
        case "cpu": usage[slot].milliCPU
        case "memory": usage[slot].memoryBytes
        case "ephemeral-storage": usage[slot].ephemeralBytes
        default: extendedUsage[slot].requested[resource] ?? 0
        }
    }

    package func free(_ resource: String, on slot: Int) -> Int64 { allocatable(resource, on: slot) - requested(resource, on: slot) }
}
