package import APIMachinery
internal import KubernetesAPI

/// What a node has, and what of it pods may have. Pure.
package struct NodeResources: Sendable, Hashable {
    package var capacity: [String: Quantity] = [:]
    package var allocatable: [String: Quantity] = [:]

    /// Allocatable is what is there without what is reserved for the system and what eviction keeps free.
    package init(_ facts: NodeFacts, _ reservation: NodeReservation) {
        capacity["cpu"] = Quantity(milliValue: facts.milliCPU)
        capacity["memory"] = Self.bytes(facts.memoryBytes)
        capacity["ephemeral-storage"] = Self.bytes(facts.ephemeralStorageBytes)
        if let maxPods = facts.maxPods { capacity["pods"] = Quantity(maxPods) }
        for (size, bytes) in facts.hugePages { capacity[HugePages.resource(pageSize: size)] = Self.bytes(bytes) }

        allocatable = capacity
        let milliCPU = max(0, facts.milliCPU - reservation.milliValue("cpu"))
        allocatable["cpu"] = Quantity(milliValue: milliCPU)
        // Memory in huge pages is nobody's who asks for memory.
        let huge = facts.hugePages.values.reduce(0, +)
        let memory = facts.memoryBytes - huge - reservation.value("memory") - reservation.evictionMemoryBytes
        allocatable["memory"] = Self.bytes(max(0, memory))
        let storage = facts.ephemeralStorageBytes - reservation.value("ephemeral-storage")
        allocatable["ephemeral-storage"] = Self.bytes(
            max(0, storage - facts.ephemeralStorageBytes / 100 * reservation.evictionStoragePercent))
    }

    /// In the form with binary units that people know from memory.
    private static func bytes(_ count: Int64) -> Quantity {
        guard count > 0, count % 1024 == 0, let quantity = try? Quantity(parsing: "\(count / 1024)Ki") else { return Quantity(count) }
        return quantity
    }
}

/// What pods may not have.
package struct NodeReservation: Sendable, Hashable {
    /// For the system and for this program: `cpu`, `memory`, `ephemeral-storage`.
    package var resources: [String: Quantity] = [:]
    /// Eviction begins below this much available memory.
    package var evictionMemoryBytes: Int64 = 100 << 20
    /// Eviction begins below this share of the disk.
    package var evictionStoragePercent: Int64 = 10
    package init() {}

    /// Pods may have everything.
    package static let nothing: NodeReservation = {
        var reservation = NodeReservation()
        (reservation.evictionMemoryBytes, reservation.evictionStoragePercent) = (0, 0)
        return reservation
    }()

    func milliValue(_ name: String) -> Int64 { resources[name]?.milliValue ?? 0 }
    func value(_ name: String) -> Int64 { resources[name]?.value ?? 0 }
}

extension NodeFacts {
    /// Fills in what pods may have.
    package mutating func reserve(_ reservation: NodeReservation) {
        let resources = NodeResources(self, reservation)
        allocatableMilliCPU = resources.allocatable.milliValue("cpu")
        allocatableMemoryBytes = resources.allocatable.value("memory")
        allocatableStorageBytes = resources.allocatable.value("ephemeral-storage")
    }
}
