internal import CLinux

extension ProcessPlan {
    /// The flat buffer of `clinux_plan.h`: header, operations, then strings and arrays.
    ///
    /// - Throws: For a string with a NUL byte, an option that is too long, or a plan beyond the format's limits.
    package func encoded() throws(PlanError) -> [UInt8] {
        guard operations.count <= Int(CLINUX_PLAN_MAX_OPS) else { throw PlanError("\(operations.count) operations are too many") }
        guard slotCount <= CLINUX_PLAN_MAX_SLOTS else { throw PlanError("\(slotCount) descriptors are too many") }
        var encoder = PlanEncoder(operationCount: operations.count)
        for (index, operation) in operations.enumerated() {
            do throws(PlanError) {
                try encoder.add(operation, at: index)
            } catch {
                throw PlanError("\(describe(op: index)): \(error)")
            }
        }
        return try encoder.finish(self)
    }
}

/// Writes fields in native byte order at the offsets of the C structures.
private struct PlanEncoder {
    private static let headerBytes = MemoryLayout<clinux_plan>.size
    private static let operationBytes = MemoryLayout<clinux_op>.size
    private var bytes: [UInt8]

    init(operationCount: Int) {
        let fixed = Self.headerBytes + operationCount * Self.operationBytes
        bytes = []
        bytes.reserveCapacity(fixed + 8192)
        bytes.append(contentsOf: repeatElement(0, count: fixed))
    }

    mutating func add(_ operation: PlanOperation, at index: Int) throws(PlanError) {
        var encoded = clinux_op()
        encoded.code = UInt16(truncatingIfNeeded: operation.code.rawValue)
        encoded.flags = operation.flags.rawValue
        encoded.slot = operation.slot
        encoded.slot2 = operation.slot2
        encoded.s1 = try string(operation.s1)
        encoded.s2 = try string(operation.s2)
        encoded.s3 = try string(operation.s3)
        (encoded.data, encoded.length) = try array(operation.data)
        encoded.a = operation.a
        encoded.b = operation.b
        store(encoded, at: Self.headerBytes + index * Self.operationBytes)
    }

    mutating func finish(_ plan: ProcessPlan) throws(PlanError) -> [UInt8] {
        bytes.append(0)  // every string ends inside the buffer
        align()
        guard bytes.count <= Int(CLINUX_PLAN_MAX_SIZE) else {
            throw PlanError("\(bytes.count) bytes of arguments, environment and mounts are too many")
        }
        var header = clinux_plan()
        header.magic = CLINUX_PLAN_MAGIC
        header.version = UInt16(CLINUX_PLAN_VERSION)
        header.op_size = UInt16(Self.operationBytes)
        header.size = UInt32(bytes.count)
        header.op_count = UInt32(plan.operations.count)
        header.slot_count = UInt32(plan.slotCount)
        header.input_slots = UInt32(plan.inputLabels.count)
        header.clone_flags = plan.cloneFlags.rawValue
        header.cgroup_slot = plan.cgroup?.index ?? CLINUX_NO_SLOT
        header.pid_ns_slot = plan.pidNamespace?.index ?? CLINUX_NO_SLOT
        store(header, at: 0)
        return bytes
    }

    /// Both structures are plain integers, without padding.
    private mutating func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
        unsafe withUnsafeBytes(of: value) { source in
            unsafe bytes.withUnsafeMutableBytes { target in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + source.count]).copyMemory(from: source)
            }
        }
    }

    private mutating func align() {
        while bytes.count % 8 != 0 { bytes.append(0) }
    }

    private mutating func string(_ text: String?) throws(PlanError) -> UInt32 {
        guard let text else { return 0 }
        let offset = UInt32(bytes.count)
        try append(text)
        return offset
    }

    private mutating func append(_ text: String) throws(PlanError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        if bytes[start...].contains(0) { throw PlanError("\"\(text.prefix { $0 != "\0" })\" goes on after a NUL byte") }
        bytes.append(0)
    }

    private mutating func array(_ data: PlanOperation.Data) throws(PlanError) -> (UInt32, UInt32) {
        if case .none = data { return (0, 0) }
        align()
        let offset = bytes.count
        switch data {
        case .none: break
        case .bytes(let content): bytes.append(contentsOf: content)
        case .words(let words): for word in words { appendInteger(word) }
        case .halves(let halves): for half in halves { appendInteger(half) }
        case .strings(let strings): for text in strings { try append(text) }
        case .program(let arguments, let environment, let candidates):
            return try program([arguments, environment, candidates])
        }
        return (UInt32(offset), UInt32(bytes.count - offset))
    }

    /// The table first, as its length is known; the strings follow it.
    private mutating func program(_ lists: [[String]]) throws(PlanError) -> (UInt32, UInt32) {
        let offset = bytes.count
        for list in lists { appendInteger(UInt32(list.count)) }
        let table = bytes.count
        let total = lists.reduce(0) { $0 + $1.count }
        bytes.append(contentsOf: repeatElement(0, count: 4 * total))
        let length = bytes.count - offset
        var entry = table
        for text in lists.joined() {
            store(UInt32(bytes.count), at: entry)
            entry += 4
            try append(text)
        }
        return (UInt32(offset), UInt32(length))
    }

    private mutating func appendInteger<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
    }
}
