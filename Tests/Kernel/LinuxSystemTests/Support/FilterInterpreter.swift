/// Runs classic BPF as the kernel does for seccomp; what a filter would do, without being under it.
struct FilterInterpreter {
    private struct Instruction {
        var code: UInt16
        var jumpTrue: Int
        var jumpFalse: Int
        var k: UInt32
    }
    private let program: [Instruction]

    init(_ bytes: [UInt8]) {
        program = stride(from: 0, to: bytes.count, by: 8).map { at in
            let code = UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
            var k: UInt32 = 0
            for byte in bytes[(at + 4)..<(at + 8)].reversed() { k = k << 8 | UInt32(byte) }
            return Instruction(code: code, jumpTrue: Int(bytes[at + 2]), jumpFalse: Int(bytes[at + 3]), k: k)
        }
    }

    func run(number: UInt32, architecture: UInt32, arguments: [UInt64]) -> UInt32 {
        var data: [UInt32] = [number, architecture, 0, 0]
        for index in 0..<6 {
            let argument = index < arguments.count ? arguments[index] : 0
            data += [UInt32(truncatingIfNeeded: argument), UInt32(argument >> 32)]
        }
        var (a, at) = (UInt32(0), 0)
        while true {
            let instruction = program[at]
            let k = instruction.k
            func jump(_ condition: Bool) { at += condition ? instruction.jumpTrue : instruction.jumpFalse }
            switch instruction.code {
            case 0x20: a = data[Int(k) / 4]
            case 0x54: a &= k
            case 0x05: at += Int(k)
            case 0x15: jump(a == k)
            case 0x25: jump(a > k)
            case 0x35: jump(a >= k)
            case 0x45: jump(a & k != 0)
            case 0x06: return k
            default: preconditionFailure("instruction \(instruction.code)")
            }
            at += 1
        }
    }
}
