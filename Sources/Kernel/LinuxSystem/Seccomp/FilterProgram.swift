/// A classic BPF program over `struct seccomp_data`, built backwards so that every jump goes to code that is there already.
///
/// Conditional jumps reach 255 instructions; farther ones go through an unconditional one. Facts: linux/filter.h, seccomp(2).
struct FilterProgram {
    private struct Instruction {
        var code: UInt16
        var jumpTrue: UInt8 = 0
        var jumpFalse: UInt8 = 0
        var k: UInt32
    }

    private enum Code {
        static let load: UInt16 = 0x20  // BPF_LD | BPF_W | BPF_ABS
        static let and: UInt16 = 0x54  // BPF_ALU | BPF_AND | BPF_K
        static let jump: UInt16 = 0x05  // BPF_JMP | BPF_JA
        static let equal: UInt16 = 0x15  // BPF_JMP | BPF_JEQ | BPF_K
        static let greater: UInt16 = 0x25  // BPF_JGT
        static let greaterOrEqual: UInt16 = 0x35  // BPF_JGE
        static let result: UInt16 = 0x06  // BPF_RET | BPF_K
    }

    /// Offsets in `struct seccomp_data`; the architectures here are little-endian.
    private enum Field {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        static func low(_ argument: Int) -> UInt32 { 16 + 8 * UInt32(argument) }
        static func high(_ argument: Int) -> UInt32 { 20 + 8 * UInt32(argument) }
    }

    /// Last instruction first.
    private var reversed: [Instruction] = []
    /// Where an action was emitted last.
    private var results: [UInt32: Label] = [:]
    /// A place in the program: how many instructions follow its end.
    private typealias Label = Int
    private let defaultAction: SeccompAction

    /// What an architecture's numbers lead to.
    struct Table {
        var architecture: SeccompArchitecture
        var ranges: [SeccompCompiler.Range]
    }

    /// - Parameter sharesX32: x32 differs from x86-64 in its own numbers only.
    init(tables: [Table], sharesX32: Bool, defaultAction: SeccompAction) throws(SeccompError) {
        self.defaultAction = defaultAction
        reversed.reserveCapacity(1024)
        emit(Code.result, SeccompAction.killThread.returnValue)
        var next = here
        let x32 = tables.first { $0.architecture == .x32 }?.ranges
        for table in tables.reversed() where table.architecture != .x32 {
            let section = table.architecture == .x86_64 ? sectionWithX32(table.ranges, x32, sharesX32) : section(table.ranges)
            emitBranch(Code.equal, table.architecture.auditValue, then: section, otherwise: next)
            next = here
        }
        emit(Code.load, Field.architecture)
        guard reversed.count <= 4096 else { throw SeccompError("the filter is too long: \(reversed.count) instructions") }
    }

    /// Instructions of 8 bytes: code, jt, jf, k.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(reversed.count * 8)
        for instruction in reversed.reversed() {
            bytes.append(UInt8(instruction.code & 0xff))
            bytes.append(UInt8(instruction.code >> 8))
            bytes.append(instruction.jumpTrue)
            bytes.append(instruction.jumpFalse)
            for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: instruction.k >> shift)) }
        }
        return bytes
    }

    // MARK: - Emission

    private var here: Label { reversed.count }

    private mutating func emit(_ code: UInt16, _ k: UInt32) { reversed.append(Instruction(code: code, k: k)) }

    private mutating func emitBranch(_ code: UInt16, _ k: UInt32, then: Label, otherwise: Label) {
        // Each trampoline may push the other target out of reach, so both are looked at with it in place.
        let otherwise = within(otherwise, slack: 1)
        let then = within(then, slack: 0)
        reversed.append(
            Instruction(code: code, jumpTrue: UInt8(here - then), jumpFalse: UInt8(here - otherwise), k: k))
    }

    /// A label that the next branch can reach, with `slack` more instructions in between.
    private mutating func within(_ label: Label, slack: Int) -> Label {
        guard here + slack - label > 255 else { return label }
        emit(Code.jump, UInt32(here - label))
        return here
    }

    // MARK: - Structure

    /// All calls of an architecture.
    private mutating func section(_ ranges: [SeccompCompiler.Range]) -> Label {
        let start = tree(ranges[...])
        if start != here { emit(Code.jump, UInt32(here - start)) }
        emit(Code.load, Field.number)
        return here
    }

    /// The calls of x32 have x86-64's architecture value and a bit in the number; without a table of their own they are killed.
    private mutating func sectionWithX32(
        _ ranges: [SeccompCompiler.Range], _ x32: [SeccompCompiler.Range]?, _ isShared: Bool
    ) -> Label {
        let start = tree(ranges[...])
        let x32Label =
            switch (x32, isShared) {
            case (nil, _): result(.killThread)
            case (let x32?, false): tree(x32[...])
            case (let x32?, true): sharedX32(x32, start)
            }
        emitBranch(Code.greaterOrEqual, SeccompArchitecture.x32Bit, then: x32Label, otherwise: start)
        emit(Code.load, Field.number)
        return here
    }

    /// x32's own numbers have a tree; the others go to x86-64's without their bit.
    private mutating func sharedX32(_ ranges: [SeccompCompiler.Range], _ plain: Label) -> Label {
        emit(Code.jump, UInt32(here - plain))
        emit(Code.and, ~SeccompArchitecture.x32Bit)
        let withoutBit = here
        let border = SeccompArchitecture.x32Bit | SeccompArchitecture.x32OwnNumbers
        let first = ranges.lastIndex { $0.start <= border } ?? 0
        let own = tree(ranges[first...])
        emitBranch(Code.greaterOrEqual, border, then: own, otherwise: withoutBit)
        return here
    }

    /// One instruction serves all branches that can reach it.
    private mutating func result(_ action: SeccompAction) -> Label {
        if let near = results[action.returnValue], here - near < 200 { return near }
        emit(Code.result, action.returnValue)
        results[action.returnValue] = here
        return here
    }

    private mutating func tree(_ ranges: ArraySlice<SeccompCompiler.Range>) -> Label {
        guard ranges.count > 1 else { return leaf(ranges[ranges.startIndex].outcome) }
        let middle = ranges.startIndex + ranges.count / 2
        let upper = tree(ranges[middle...])
        let lower = tree(ranges[..<middle])
        emitBranch(Code.greaterOrEqual, ranges[middle].start, then: upper, otherwise: lower)
        return here
    }

    private mutating func leaf(_ outcome: SeccompCompiler.Outcome) -> Label {
        switch outcome {
        case .action(let action): return result(action)
        case .conditional(let cases):
            var next = result(defaultAction)
            for item in cases.reversed() {
                var target = result(item.action)
                for argument in item.arguments.reversed() {
                    target = comparison(argument, matched: target, unmatched: next)
                }
                next = target
            }
            return next
        }
    }

    /// 64-bit comparison by halves, the high one first.
    private mutating func comparison(_ argument: SeccompArgument, matched: Label, unmatched: Label) -> Label {
        let (high, low) = (UInt32(argument.value >> 32), UInt32(truncatingIfNeeded: argument.value))
        let index = argument.index
        switch argument.comparison {
        case .equal:
            test(Code.equal, low, of: Field.low(index), matched, unmatched)
            test(Code.equal, high, of: Field.high(index), here, unmatched)
        case .notEqual:
            test(Code.equal, low, of: Field.low(index), unmatched, matched)
            test(Code.equal, high, of: Field.high(index), here, matched)
        case .maskedEqual(let mask):
            test(Code.equal, low, of: Field.low(index), mask: UInt32(truncatingIfNeeded: mask), matched, unmatched)
            test(Code.equal, high, of: Field.high(index), mask: UInt32(mask >> 32), here, unmatched)
        case .greater: order(Code.greater, high, low, index, above: matched, below: unmatched)
        case .greaterOrEqual: order(Code.greaterOrEqual, high, low, index, above: matched, below: unmatched)
        case .less: order(Code.greaterOrEqual, high, low, index, above: unmatched, below: matched)
        case .lessOrEqual: order(Code.greater, high, low, index, above: unmatched, below: matched)
        }
        return here
    }

    private mutating func order(
        _ code: UInt16, _ high: UInt32, _ low: UInt32, _ index: Int, above: Label, below: Label
    ) {
        test(code, low, of: Field.low(index), above, below)
        let lowTest = here
        emitBranch(Code.equal, high, then: lowTest, otherwise: below)
        test(Code.greater, high, of: Field.high(index), above, here)
    }

    private mutating func test(
        _ code: UInt16, _ k: UInt32, of field: UInt32, mask: UInt32? = nil, _ then: Label, _ otherwise: Label
    ) {
        emitBranch(code, k, then: then, otherwise: otherwise)
        if let mask { emit(Code.and, mask) }
        emit(Code.load, field)
    }
}
