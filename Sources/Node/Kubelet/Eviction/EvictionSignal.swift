package import APIMachinery
internal import KubernetesAPI

/// What eviction watches, by upstream's names.
package enum EvictionSignal: String, Sendable, Hashable, CaseIterable, Comparable {
    case memoryAvailable = "memory.available"
    case nodefsAvailable = "nodefs.available"
    case nodefsInodesFree = "nodefs.inodesFree"
    case imagefsAvailable = "imagefs.available"
    case imagefsInodesFree = "imagefs.inodesFree"
    case containerfsAvailable = "containerfs.available"
    case containerfsInodesFree = "containerfs.inodesFree"
    case pidAvailable = "pid.available"
    /// Of the memory that pods may have; follows `memory.available`.
    case allocatableMemoryAvailable = "allocatableMemory.available"

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Those that a configuration may name. What containerfs keeps free follows from nodefs and imagefs.
    static let settable: [EvictionSignal] = [
        .memoryAvailable, .nodefsAvailable, .nodefsInodesFree, .imagefsAvailable, .imagefsInodesFree, .containerfsAvailable,
        .containerfsInodesFree, .pidAvailable,
    ]

    package enum Pressure: String, Sendable, Hashable, CaseIterable {
        case memory = "MemoryPressure", disk = "DiskPressure", pid = "PIDPressure"
    }

    package var pressure: Pressure {
        switch self {
        case .memoryAvailable, .allocatableMemoryAvailable: .memory
        case .pidAvailable: .pid
        default: .disk
        }
    }

    /// As messages name what is short.
    package var resource: String {
        switch self {
        case .memoryAvailable, .allocatableMemoryAvailable: "memory"
        case .nodefsAvailable, .imagefsAvailable, .containerfsAvailable: "ephemeral-storage"
        case .nodefsInodesFree, .imagefsInodesFree, .containerfsInodesFree: "inodes"
        case .pidAvailable: "pids"
        }
    }

    var countsBytes: Bool { ["memory", "ephemeral-storage"].contains(resource) }
}

/// So much of something: as it is written, or a share of the whole.
package enum EvictionAmount: Sendable, Hashable {
    case quantity(Quantity)
    /// Percent of the capacity, more than 0.
    case percent(Double)

    /// - Returns: nil for `0%` and `100%`, which switch a threshold off.
    static func parse(_ text: String) throws(ConfigurationProblem) -> EvictionAmount? {
        if text == "0%" || text == "100%" { return nil }
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else {
                throw .invalid(text, "must be more than 0% and not more than 100%")
            }
            return .percent(percent)
        }
        guard let quantity = try? Quantity(parsing: text) else { throw .invalid(text, "must be a quantity such as 100Mi, or a percentage") }
        guard quantity.value > 0 else { throw .invalid(text, "must be more than 0") }
        return .quantity(quantity)
    }

    func value(ofCapacity capacity: Int64) -> Int64 {
        switch self {
        case .quantity(let quantity): quantity.value
        // As upstream: the share is kept in a float of 32 bits.
        case .percent(let percent): Int64(Double(capacity) * Double(Float(percent) / 100))
        }
    }

    var text: String {
        switch self {
        case .quantity(let quantity): quantity.description
        case .percent(let percent): (percent == percent.rounded() ? "\(Int64(percent))" : "\(percent)") + "%"
        }
    }
}

/// When pods are evicted: `evictionHard` and its like.
package struct EvictionSettings: Sendable, Hashable {
    package var hard: [EvictionSignal: EvictionAmount] = Self.usualHard
    package var soft: [EvictionSignal: EvictionAmount] = [:]
    package var softGracePeriods: [EvictionSignal: Duration] = [:]
    package var minimumReclaim: [EvictionSignal: EvictionAmount] = [:]
    /// What a file says less of is the usual.
    package var mergesUsualHard = false
    /// So long a pressure is told after it was last seen.
    package var pressureTransitionPeriod = Duration.seconds(300)
    /// The most that a pod gets to end when a soft threshold is met.
    package var maxPodGracePeriodSeconds: Int64 = 0
    package init() {}

    package static let usualHard: [EvictionSignal: EvictionAmount] = [
        .memoryAvailable: .quantity(Quantity(104_857_600).inBinaryUnits), .nodefsAvailable: .percent(10), .nodefsInodesFree: .percent(5),
        .imagefsAvailable: .percent(15), .imagefsInodesFree: .percent(5),
    ]

    package var effectiveHard: [EvictionSignal: EvictionAmount] { mergesUsualHard ? hard.merging(Self.usualHard) { own, _ in own } : hard }
}

extension Quantity {
    /// The form that Go's BinarySI writes: `100Mi`, `307216Ki`, or plain where no power of 1024 divides it.
    package var inBinaryUnits: Quantity {
        let units = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
        var (count, index) = (value, -1)
        while index + 1 < units.count, count != 0, count % 1024 == 0 {
            count /= 1024
            index += 1
        }
        return index < 0 ? self : (try? Quantity(parsing: "\(count)\(units[index])")) ?? self
    }
}
