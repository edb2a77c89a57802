package import APIMachinery

/// Amounts of resources: CPU in thousandths of a core, memory and ephemeral storage in bytes, anything else by its name in whole units.
package struct ResourceAmounts: Hashable, Sendable {
    package var milliCPU: Int64 = 0
    package var memoryBytes: Int64 = 0
    package var ephemeralStorageBytes: Int64 = 0
    /// Extended resources, huge pages and attachable volumes. Zero amounts are kept: a pod may ask for none.
    package var others: [String: Int64] = [:]

    package init() {}

    package init(_ quantities: [String: Quantity]) {
        for (name, quantity) in quantities { self[name] = name == "cpu" ? quantity.milliValue : quantity.value }
    }

    /// By the resource's name; of CPU the thousandths. `pods` is no resource that a pod asks for and is not kept.
    package subscript(name: String) -> Int64 {
        get {
            switch name {
            case "cpu": milliCPU
            case "memory": memoryBytes
            case "ephemeral-storage": ephemeralStorageBytes
            default: others[name] ?? 0
            }
        }
        set {
            switch name {
            case "cpu": milliCPU = newValue
            case "memory": memoryBytes = newValue
            case "ephemeral-storage": ephemeralStorageBytes = newValue
            case "pods": break
            default: others[name] = newValue
            }
        }
    }

    package var isZero: Bool { milliCPU == 0 && memoryBytes == 0 && ephemeralStorageBytes == 0 && others.values.allSatisfy { $0 == 0 } }

    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum += right
        return sum
    }

    /// Sums stop at the largest number.
    package static func += (left: inout Self, right: Self) {
        left.milliCPU = left.milliCPU.addingClamped(right.milliCPU)
        left.memoryBytes = left.memoryBytes.addingClamped(right.memoryBytes)
        left.ephemeralStorageBytes = left.ephemeralStorageBytes.addingClamped(right.ephemeralStorageBytes)
        if !right.others.isEmpty { left.others.merge(right.others) { $0.addingClamped($1) } }
    }

    /// The larger of each.
    package func union(_ other: Self) -> Self {
        var larger = self
        larger.milliCPU = max(milliCPU, other.milliCPU)
        larger.memoryBytes = max(memoryBytes, other.memoryBytes)
        larger.ephemeralStorageBytes = max(ephemeralStorageBytes, other.ephemeralStorageBytes)
        larger.others.merge(other.others) { max($0, $1) }
        return larger
    }
}

extension Int64 {
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
