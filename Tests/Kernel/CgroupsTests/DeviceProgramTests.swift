import CLinux
import Testing

@testable import Cgroups

/// What a program does, computed by walking its instructions as the kernel does, for the few kinds that are used.
private func run(_ program: DeviceProgram, type: UInt32, access: UInt32, major: UInt32, minor: UInt32) -> Bool? {
    var registers = [UInt64](repeating: 0, count: 11)
    let context = [access << 16 | type, major, minor]
    var at = 0
    while at < program.instructions.count {
        let instruction = program.instructions[at]
        let destination = Int(instruction.dst_reg)
        at += 1
        let immediate = UInt32(bitPattern: instruction.imm)
        let low = UInt32(truncatingIfNeeded: registers[destination])
        switch Int32(instruction.code) {
        case BPF_LDX | BPF_MEM | BPF_W: registers[destination] = UInt64(context[Int(instruction.off) / 4])
        case BPF_ALU | BPF_AND | BPF_K: registers[destination] = UInt64(low & immediate)
        case BPF_ALU | BPF_RSH | BPF_K: registers[destination] = UInt64(low >> immediate)
        case BPF_ALU64 | BPF_MOV | BPF_K: registers[destination] = UInt64(immediate)
        case BPF_JMP32 | BPF_JNE | BPF_K: if low != immediate { at += Int(instruction.off) }
        case BPF_JMP32 | BPF_JSET | BPF_K: if low & immediate != 0 { at += Int(instruction.off) }
        case BPF_JMP | BPF_JA: at += Int(instruction.off)
        case BPF_JMP | BPF_EXIT: return registers[0] == 1
        default: return nil
        }
    }
    return nil
}

/// The rules' meaning, said another way: each access by itself is decided by the last rule that names it.
private func expected(_ rules: [DeviceRule], kind: DeviceRule.Kind, access: UInt32, major: UInt32, minor: UInt32)
    -> Bool
{
    [1, 2, 4].filter { access & $0 != 0 }.allSatisfy { bit in
        rules.last {
            ($0.kind == .all || $0.kind == kind) && ($0.major ?? major) == major && ($0.minor ?? minor) == minor
                && $0.access.rawValue & bit != 0
        }?.isAllowed ?? false
    }
}

struct DeviceProgramTests {
    static let ruleSets: [[DeviceRule]] = [
        [], [.allow(.all)], [.deny(.all)], DeviceRule.containerDefaults,
        DeviceRule.containerDefaults + [.allow(.block, 8, 16, .read)],
        [.allow(.all), .deny(.character, 1, 3, .write)],
        [.allow(.character, 1, 3, .read), .allow(.character, 1, 3, .write)],
        [.deny(.character, 1), .allow(.character, 1, 3)], [.allow(.character, 1, 3), .deny(.character, 1)],
        [.allow(.block, nil, 16), .allow(.character, .max, .max)],
        [.allow(.all, nil, nil, []), .deny(.all, nil, nil, [])],
    ]

    @Test(arguments: ruleSets)
    func `the program answers as the rules say`(rules: [DeviceRule]) {
        let program = DeviceProgram(rules)
        for kind in [DeviceRule.Kind.block, .character] {
            for (major, minor) in [(1, 3), (1, 5), (5, 2), (8, 0), (8, 16), (136, 7), (UInt32.max, UInt32.max)]
                as [(UInt32, UInt32)]
            {
                for access in 1...7 as ClosedRange<UInt32> {
                    let answer = run(program, type: kind == .block ? 1 : 2, access: access, major: major, minor: minor)
                    let right = expected(rules, kind: kind, access: access, major: major, minor: minor)
                    #expect(answer == right, "\(kind) \(major):\(minor) access \(access)")
                }
            }
        }
    }
}
