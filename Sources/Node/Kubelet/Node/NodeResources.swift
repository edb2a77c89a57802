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
        let memory = facts.memoryBytes - huge - reservation.value("memory")
        allocatable["memory"] = Self.bytes(max(0, memory - reservation.eviction(.memoryAvailable, of: facts.memoryBytes)))
        let storage = facts.ephemeralStorageBytes - reservation.value("ephemeral-storage")
        allocatable["ephemeral-storage"] = Self.bytes(
            max(0, storage - reservation.eviction(.nodefsAvailable, of: facts.ephemeralStorageBytes)))
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
    /// Below this eviction begins at once.
    package var eviction = EvictionSettings.usualHard
    package init() {}

    /// What the parts of a configuration come to.
    package init(_ configuration: KubeletConfiguration) {
        resources = configuration.systemReserved.merging(configuration.kubeReserved) { $0 + $1 }
        eviction = configuration.eviction.effectiveHard
    }

    /// Pods may have everything.
    package static let nothing: NodeReservation = {
        var reservation = NodeReservation()
        reservation.eviction = [:]
        return reservation
    }()

    func eviction(_ signal: EvictionSignal, of capacity: Int64) -> Int64 { eviction[signal]?.value(ofCapacity: capacity) ?? 0 }
    func milliValue(_ name: String) -> Int64 { resources[name]?.milliValue ?? 0 }
    func value(_ name: String) -> Int64 { resources[name]?.value ?? 0 }
}

extension KubeletConfiguration {
    /// Takes `podsPerCore` into account.
    package mutating func limitPodsPerCore() {
        guard podsPerCore > 0 else { return }
        let limit = max(1, node.milliCPU / 1000) * podsPerCore
        node.maxPods = min(node.maxPods ?? limit, limit)
    }
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
