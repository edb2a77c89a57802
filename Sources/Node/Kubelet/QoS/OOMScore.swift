/// `oom_score_adj` of containers: who is killed first when the node runs out of memory.
package enum OOMScore {
    private static let guaranteed: Int64 = -997
    private static let bestEffort: Int64 = 1_000
    private static let burstableMin: Int64 = 3

    /// - Parameter memoryRequestBytes: Of the container; with pod-level requests plus its share of what they leave over.
    package static func adjustment(
        qosClass: QoSClass, isNodeCritical: Bool, memoryRequestBytes: Int64, nodeMemoryBytes: Int64
    ) -> Int64 {
        if isNodeCritical { return guaranteed }
        switch qosClass {
        case .guaranteed: return guaranteed
        case .bestEffort: return bestEffort
        case .burstable: return burstable(memoryRequestBytes, nodeMemoryBytes)
        }
    }

    /// A sidecar is not killed before the regular containers that it serves.
    package static func sidecarAdjustment(own: Int64, smallestRegularRequestBytes: Int64, nodeMemoryBytes: Int64) -> Int64 {
        min(own, burstable(smallestRegularRequestBytes, nodeMemoryBytes))
    }

    private static func burstable(_ requestBytes: Int64, _ nodeMemoryBytes: Int64) -> Int64 {
        guard nodeMemoryBytes > 0 else { return bestEffort - 1 }
        let adjustment = 1_000 - Int64(clamping: Int128(1_000) * Int128(requestBytes) / Int128(nodeMemoryBytes))
        if adjustment < burstableMin { return burstableMin }
        return adjustment == bestEffort ? bestEffort - 1 : adjustment
    }
}

package enum QoSClass: String, Sendable, Hashable, CaseIterable {
    case guaranteed = "Guaranteed", burstable = "Burstable", bestEffort = "BestEffort"
}
