internal import CLinux

/// A descriptor that a plan names by number: passed in by the caller, or filled by an earlier operation.
package struct Slot: Hashable, Sendable {
    package let index: Int32
}

/// What happens between clone3(2) and execve(2), in order.
///
/// A value to build, then to encode once as the flat buffer of `clinux_plan.h`, which the cloned child walks. It holds no
/// descriptors and no pointers, so it may be sent to the pod's supervisor. Namespaces, mounts, identity and the program are
/// in the extensions beside this file; the order of the calls is the order of execution.
package struct ProcessPlan: Sendable {
    /// The namespaces of the first clone.
    package var cloneFlags: CloneFlags
    /// A directory of cgroup v2 to be born into (CLONE_INTO_CGROUP).
    package var cgroup: Slot?
    /// A pid namespace, or pidfd of a member, to be born into: the caller joins it around the clone.
    package var pidNamespace: Slot?

    package private(set) var inputLabels: [String] = []
    private(set) var operations: [PlanOperation] = []
    private(set) var slotCount: Int32 = 0

    package init(cloneFlags: CloneFlags = []) {
        self.cloneFlags = cloneFlags
        operations.reserveCapacity(80)
    }

    /// The next input slot. Inputs are filled from the descriptors given to `spawn`, in this order.
    package mutating func input(_ label: String) -> Slot {
        precondition(inputLabels.count == Int(slotCount), "inputs come before the first operation that fills a slot")
        inputLabels.append(label)
        return newSlot()
    }

    /// Number of operations so far; the next one has this index.
    package var operationCount: Int { operations.count }

    mutating func newSlot() -> Slot {
        slotCount += 1
        return Slot(index: slotCount - 1)
    }

    mutating func append(_ operation: PlanOperation) { operations.append(operation) }
}

/// One operation before it is encoded; which fields count is written in `clinux_plan.h`.
struct PlanOperation: Sendable {
    var code: clinux_op_code
    var flags: Flags = []
    var slot: Int32 = -1
    var slot2: Int32 = -1
    var s1: String?
    var s2: String?
    var s3: String?
    var data: Data = .none
    var a: UInt64 = 0
    var b: UInt64 = 0

    /// CLINUX_OPF_*
    struct Flags: OptionSet {
        let rawValue: UInt16
        static let optional = Flags(rawValue: 1)
        static let createDirectory = Flags(rawValue: 2)
        static let createFile = Flags(rawValue: 4)
        static let recursive = Flags(rawValue: 8)
        static let recursiveAttributes = Flags(rawValue: 16)
        static let hostTarget = Flags(rawValue: 32)
        static let detached = Flags(rawValue: 64)
        static let classic = Flags(rawValue: 128)
    }

    /// The array of an operation.
    enum Data: Sendable {
        case none
        case bytes([UInt8])
        case words([UInt64])
        case halves([UInt32])
        /// Each with its NUL.
        case strings([String])
        case program(arguments: [String], environment: [String], candidates: [String])
    }
}

/// Why a plan cannot be encoded: `argument 2 of the program contains a NUL byte`.
package struct PlanError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
