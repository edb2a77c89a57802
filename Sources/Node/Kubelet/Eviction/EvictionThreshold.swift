internal import APIMachinery

/// A limit below which the node is short of something.
package struct EvictionThreshold: Sendable, Hashable {
    package var signal: EvictionSignal
    package var amount: EvictionAmount
    /// How long the shortage has to last; zero for a hard threshold.
    package var gracePeriod = Duration.zero
    package var isHard = true
    /// So much more than the threshold is to be free afterwards.
    package var minimumReclaim: EvictionAmount?

    /// - Parameter withReclaim: Whether the shortage is over only once the minimum has been reclaimed.
    func isMet(_ observations: [EvictionSignal: SignalObservation], withReclaim: Bool) -> Bool {
        guard let observed = observations[signal] else { return false }
        var needed = amount.value(ofCapacity: observed.capacity)
        if withReclaim, let minimumReclaim { needed += minimumReclaim.value(ofCapacity: observed.capacity) }
        return observed.available < needed
    }

    /// The threshold as messages name it.
    func quantity(ofCapacity capacity: Int64) -> Quantity {
        switch amount {
        case .quantity(let quantity): quantity
        case .percent: signal.quantity(amount.value(ofCapacity: capacity))
        }
    }
}

/// How much of something is left.
package struct SignalObservation: Sendable, Hashable {
    package var available: Int64
    package var capacity: Int64
    /// When it was looked at.
    package var time: Duration
    package init(available: Int64, capacity: Int64, time: Duration) {
        (self.available, self.capacity, self.time) = (available, capacity, time)
    }
}

extension EvictionSignal {
    /// Bytes in binary units, counts as they are.
    func quantity(_ value: Int64) -> Quantity { countsBytes ? Quantity(value).inBinaryUnits : Quantity(value) }
}

extension EvictionSettings {
    /// - Parameter coversAllocatable: Whether all pods together are kept to what they may have, which is watched too then.
    package func thresholds(coversAllocatable: Bool) -> [EvictionThreshold] {
        var all: [EvictionThreshold] = []
        for (signal, amount) in effectiveHard.sorted(by: { $0.key < $1.key }) where !signal.isDerived {
            all.append(.init(signal: signal, amount: amount, minimumReclaim: minimumReclaim[signal]))
        }
        for (signal, amount) in soft.sorted(by: { $0.key < $1.key }) where !signal.isDerived {
            all.append(
                .init(
                    signal: signal, amount: amount, gracePeriod: softGracePeriods[signal] ?? .zero, isHard: false,
                    minimumReclaim: minimumReclaim[signal]))
        }
        if coversAllocatable, let amount = effectiveHard[.memoryAvailable] {
            all.append(
                .init(signal: .allocatableMemoryAvailable, amount: amount, minimumReclaim: minimumReclaim[.memoryAvailable]))
        }
        return all
    }
}

extension EvictionSignal {
    /// Containers' layers lie with the images here, whose thresholds cover them.
    fileprivate var isDerived: Bool { self == .containerfsAvailable || self == .containerfsInodesFree }
}
