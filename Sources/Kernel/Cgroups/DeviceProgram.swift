internal import CLinux

/// The eBPF instructions of a device filter. Pure: rules in, instructions out.
///
/// The kernel asks with the accesses of one open or mknod together (read *and* write for O_RDWR). From the last rule to
/// the first, an allowing rule strikes out the accesses it names; when none is left the answer is yes. A denying rule that
/// names one still left answers no. So each single access is decided by the last rule that matches it.
struct DeviceProgram {
    private(set) var instructions: [bpf_insn] = []

    // The kernel gives the context in r1; a program may use r2 to r5 without saving them.
    private static let result: UInt8 = 0
    private static let context: UInt8 = 1
    private static let type: UInt8 = 2
    private static let wanted: UInt8 = 3
    private static let major: UInt8 = 4
    private static let minor: UInt8 = 5

    init(_ rules: [DeviceRule]) {
        loadContext()
        for rule in rules.reversed() { append(rule) }
        answer(allow: false)
    }

    /// struct bpf_cgroup_dev_ctx: access_type (wanted accesses << 16 | type), major, minor.
    private mutating func loadContext() {
        load(Self.type, offset: 0)
        emit(BPF_ALU, BPF_AND | BPF_K, Self.type, immediate: 0xffff)
        load(Self.wanted, offset: 0)
        emit(BPF_ALU, BPF_RSH | BPF_K, Self.wanted, immediate: 16)
        load(Self.major, offset: 4)
        load(Self.minor, offset: 8)
    }

    /// One rule; every jump that finds it does not match leads behind it.
    private mutating func append(_ rule: DeviceRule) {
        var jumpsBehind: [Int] = []
        func test(_ register: UInt8, is value: UInt32, in program: inout DeviceProgram) {
            jumpsBehind.append(program.instructions.count)
            program.emit(BPF_JMP32, BPF_JNE | BPF_K, register, immediate: Int32(bitPattern: value))
        }
        switch rule.kind {
        case .all: break
        case .block: test(Self.type, is: UInt32(BPF_DEVCG_DEV_BLOCK), in: &self)
        case .character: test(Self.type, is: UInt32(BPF_DEVCG_DEV_CHAR), in: &self)
        }
        if let major = rule.major { test(Self.major, is: major, in: &self) }
        if let minor = rule.minor { test(Self.minor, is: minor, in: &self) }

        let access = Int32(bitPattern: rule.access.kernelBits)
        if rule.isAllowed {
            emit(BPF_ALU, BPF_AND | BPF_K, Self.wanted, immediate: ~access)
            test(Self.wanted, is: 0, in: &self)
        } else {
            emit(BPF_JMP32, BPF_JSET | BPF_K, Self.wanted, offset: 1, immediate: access)
            jumpsBehind.append(instructions.count)
            emit(BPF_JMP, BPF_JA, 0)
        }
        answer(allow: rule.isAllowed)
        // Offsets count from the instruction after the jump.
        for jump in jumpsBehind { instructions[jump].off = Int16(instructions.count - jump - 1) }
    }

    private mutating func answer(allow: Bool) {
        emit(BPF_ALU64, BPF_MOV | BPF_K, Self.result, immediate: allow ? 1 : 0)
        emit(BPF_JMP, BPF_EXIT, 0)
    }

    private mutating func load(_ register: UInt8, offset: Int16) {
        emit(BPF_LDX, BPF_MEM | BPF_W, register, source: Self.context, offset: offset)
    }

    private mutating func emit(
        _ class: Int32, _ operation: Int32, _ destination: UInt8, source: UInt8 = 0, offset: Int16 = 0,
        immediate: Int32 = 0
    ) {
        instructions.append(clinux_bpf_instruction(UInt8(`class` | operation), destination, source, offset, immediate))
    }
}

extension DeviceRule.Access {
    /// BPF_DEVCG_ACC_* of the kernel's header.
    fileprivate var kernelBits: UInt32 {
        var bits: UInt32 = 0
        if contains(.mknod) { bits |= UInt32(BPF_DEVCG_ACC_MKNOD) }
        if contains(.read) { bits |= UInt32(BPF_DEVCG_ACC_READ) }
        if contains(.write) { bits |= UInt32(BPF_DEVCG_ACC_WRITE) }
        return bits
    }
}
