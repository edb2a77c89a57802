import CSeccomp
import CLinux
import Glibc
import LinuxSystem
import Testing

/// The filters are run by an interpreter of their own here, over all numbers, and compared with what libseccomp makes of the same rules.
@Suite struct SeccompProgramTests {
    static let audit: [SeccompArchitecture: UInt32] = [
        .x86_64: 0xc000_003e, .x32: 0xc000_003e, .x86: 0x4000_0003, .aarch64: 0xc000_00b7, .arm: 0x4000_0028,
    ]

    func outcome(_ filter: SeccompFilter, _ architecture: SeccompArchitecture, _ number: UInt32, _ arguments: [UInt64] = []) -> UInt32 {
        FilterInterpreter(filter.instructions).run(number: number, architecture: Self.audit[architecture]!, arguments: arguments)
    }

    @Test func `the default profile decides as its table says`() throws {
        let filter = try SeccompFilter(profile: .runtimeDefault, capabilities: .containerDefault, kernel: KernelVersion(6, 1))
        let (allow, denied, absent) = (
            SeccompAction.allow.returnValue, SeccompAction.errno(1).returnValue, SeccompAction.errno(38).returnValue
        )
        let cases: [(UInt32, [UInt64], UInt32)] = [
            (0, [], allow), (59, [], allow), (165, [], denied), (272, [], denied), (435, [], absent), (317, [], allow), (161, [], allow),
            (56, [0x11], allow), (56, [0x1000_0011], denied), (56, [0x2_0011], denied), (56, [0x80], allow),
            (41, [2], allow), (41, [38], denied), (41, [39], allow), (41, [40], denied), (41, [41], allow), (41, [37], allow),
            (135, [0], allow), (135, [8], allow), (135, [0xffff_ffff], allow), (135, [1], denied), (135, [0x1_0000_0008], denied),
            (101, [], allow), (248, [], denied), (425, [], denied), (321, [], denied), (452, [], allow), (466, [], allow),
            (467, [], absent), (10_000, [], absent), (335, [], allow), (336, [], denied),
        ]
        for (number, arguments, expected) in cases {
            #expect(outcome(filter, .x86_64, number, arguments) == expected, "\(number) \(arguments)")
        }
        for (number, arguments, expected): (UInt32, [UInt64], UInt32) in [
            (0, [], allow), (520, [], allow), (165, [], denied), (41, [38], denied), (452, [], allow), (9000, [], absent),
        ] {
            #expect(outcome(filter, .x32, number | 0x4000_0000, arguments) == expected, "x32 \(number)")
        }
        #expect(outcome(filter, .x86, 11) == allow)
        #expect(outcome(filter, .x86, 359, [38]) == denied)
        #expect(outcome(filter, .x86, 359, [2]) == allow)
        #expect(outcome(filter, .x86, 102) == allow)
        #expect(
            FilterInterpreter(filter.instructions).run(number: 0, architecture: 0x1234, arguments: [])
                == SeccompAction.killThread.returnValue)
    }

    @Test(arguments: ["", "SYS_ADMIN", "SYS_PTRACE", "SYS_NICE", "BPF", "SYS_TIME", "SYS_MODULE"])
    func `a capability opens what belongs to it`(name: String) throws {
        let capability = name.isEmpty ? [] : try #require(CapabilitySet(name: name))
        let filter = try SeccompFilter(profile: .runtimeDefault, capabilities: capability, kernel: KernelVersion(4, 4))
        let allow = SeccompAction.allow.returnValue
        let expected: [(UInt32, [UInt64], Bool)] = [
            (165, [], name == "SYS_ADMIN"), (435, [], name == "SYS_ADMIN"), (56, [0x1000_0000], name == "SYS_ADMIN"),
            (101, [], name == "SYS_PTRACE"), (310, [], name == "SYS_PTRACE"), (237, [], name == "SYS_NICE"),
            (321, [], name == "BPF" || name == "SYS_ADMIN"), (227, [], name == "SYS_TIME"), (313, [], name == "SYS_MODULE"),
            (161, [], false),
        ]
        for (number, arguments, isAllowed) in expected {
            #expect((outcome(filter, .x86_64, number, arguments) == allow) == isAllowed, "\(number)")
        }
    }

    /// libseccomp knows nothing of ENOSYS for new calls, so the default action is ENOSYS here; and it multiplexes 32-bit sockets differently.
    @Test(arguments: [CapabilitySet.containerDefault, .all, []])
    func `libseccomp's filter of the same rules decides the same`(capabilities: CapabilitySet) throws {
        var profile = SeccompProfile.runtimeDefault
        profile.defaultAction = .errno(38)
        let ours = try SeccompFilter(profile: profile, capabilities: capabilities, kernel: KernelVersion(6, 1))
        let theirs = SeccompFilter(instructions: try reference(profile, capabilities))
        let (one, other) = (FilterInterpreter(ours.instructions), FilterInterpreter(theirs.instructions))
        let interesting: [UInt64] = [0, 1, 8, 37, 38, 39, 40, 41, 0x20000, 0x20008, 0x1000_0000, 0x7E02_0000, 0xffff_ffff, 0x1_0000_0000]
        for architecture in SeccompArchitecture.native {
            let audit = try #require(Self.audit[architecture])
            // Arguments of 32-bit calls have no high half, and libseccomp does not look at it.
            let arguments = architecture == .machine ? interesting : interesting.filter { $0 <= .max >> 32 }
            for number in UInt32(0)..<600 where !isExpected(architecture, number) {
                let full = architecture == .x32 ? number | 0x4000_0000 : number
                let different = arguments.filter {
                    one.run(number: full, architecture: audit, arguments: [$0])
                        != other.run(number: full, architecture: audit, arguments: [$0])
                }
                #expect(different.isEmpty, "\(architecture) \(number)")
            }
        }
    }

    /// Calls that the libseccomp at hand cannot name, or reaches in another way.
    private func isExpected(_ architecture: SeccompArchitecture, _ number: UInt32) -> Bool {
        let name = seccomp_syscall_resolve_num_arch(
            Self.tokens[architecture]!, Int32(bitPattern: number | (architecture == .x32 ? 0x4000_0000 : 0)))
        defer { free(name) }
        return name == nil
            || (architecture == .x86
                && ((359...373).contains(number) || (393...402).contains(number) || [102, 117, 364, 337, 345].contains(number)))
    }

    private static let tokens: [SeccompArchitecture: UInt32] = [
        .x86_64: 0xc000_003e, .x32: 0x4000_003e, .x86: 0x4000_0003, .aarch64: 0xc000_00b7, .arm: 0x4000_0028,
    ]

    private func reference(_ profile: SeccompProfile, _ capabilities: CapabilitySet) throws -> [UInt8] {
        let context = try #require(seccomp_init(profile.defaultAction.returnValue))
        defer { seccomp_release(context) }
        for architecture in SeccompArchitecture.native where architecture != .machine {
            seccomp_arch_add(context, Self.tokens[architecture]!)
        }
        for rule in profile.rules where isActive(rule, capabilities) {
            for name in rule.names {
                let number = seccomp_syscall_resolve_name(name)
                guard number != -1 else { continue }
                let arguments = rule.arguments.map(\.libseccomp)
                _ = seccomp_rule_add_array(context, rule.action.returnValue, number, UInt32(arguments.count), arguments)
            }
        }
        let memory = clinux_memfd("filter", 0)
        defer { close(memory) }
        try call(seccomp_export_bpf(context, memory))
        lseek(memory, 0, SEEK_SET)
        return try OwnedFD(adopting: dup(memory)).readToEnd()
    }

    private func isActive(_ rule: SeccompProfile.Rule, _ capabilities: CapabilitySet) -> Bool {
        capabilities.isSuperset(of: rule.includes.capabilities) && capabilities.isDisjoint(with: rule.excludes.capabilities)
            && (rule.includes.architectures.isEmpty || rule.includes.architectures.contains(.machine))
    }

    @Test(arguments: [
        (SeccompArgument.Comparison.equal, UInt64(0x1_0000_0005)), (.notEqual, 0x1_0000_0005), (.less, 0x1_0000_0005),
        (.lessOrEqual, 0x1_0000_0005),
        (.greater, 0x1_0000_0005), (.greaterOrEqual, 0x1_0000_0005), (.maskedEqual(mask: 0x3_0000_000f), 0x1_0000_0005),
    ])
    func `comparisons are 64 bits wide`(comparison: SeccompArgument.Comparison, value: UInt64) throws {
        let profile = SeccompProfile(defaultAction: .errno(1), rules: [.init(["read"], .allow, arguments: [.init(2, comparison, value)])])
        let filter = try SeccompFilter(profile: profile, capabilities: [])
        for argument: UInt64 in [
            0, 4, 5, 6, 0x1_0000_0004, 0x1_0000_0005, 0x1_0000_0006, 0x1_0000_0015, 0x2_0000_0005, 0x5_0000_0005, .max,
        ] {
            let expected =
                switch comparison {
                case .equal: argument == value
                case .notEqual: argument != value
                case .less: argument < value
                case .lessOrEqual: argument <= value
                case .greater: argument > value
                case .greaterOrEqual: argument >= value
                case .maskedEqual(let mask): argument & mask == value
                }
            let number: UInt32 = SeccompArchitecture.machine == .x86_64 ? 0 : 63
            let result = outcome(filter, .machine, number, [0, 0, argument])
            #expect((result == SeccompAction.allow.returnValue) == expected, "\(comparison) \(String(argument, radix: 16))")
        }
    }

    @Test func `rules combine: any of several, all of one, without arguments first`() throws {
        let rules: [SeccompProfile.Rule] = [
            .init(["write"], .errno(5), arguments: [.init(0, .equal, 1), .init(1, .equal, 2)]),
            .init(["write"], .allow, arguments: [.init(0, .equal, 3)]), .init(["read"], .errno(7), arguments: [.init(0, .equal, 1)]),
            .init(["read"], .log), .init(["no_such_call"], .allow),
        ]
        let filter = try SeccompFilter(profile: SeccompProfile(defaultAction: .killProcess, rules: rules), capabilities: [])
        let (read, write): (UInt32, UInt32) = SeccompArchitecture.machine == .x86_64 ? (0, 1) : (63, 64)
        #expect(outcome(filter, .machine, write, [1, 2]) == SeccompAction.errno(5).returnValue)
        #expect(outcome(filter, .machine, write, [1, 3]) == SeccompAction.killProcess.returnValue)
        #expect(outcome(filter, .machine, write, [3, 0]) == SeccompAction.allow.returnValue)
        #expect(outcome(filter, .machine, read, [1]) == SeccompAction.log.returnValue)
        #expect(throws: SeccompError("syscall \"read\" has two rules without arguments and different actions")) {
            _ = try SeccompFilter(
                profile: SeccompProfile(defaultAction: .allow, rules: [.init(["read"], .log), .init(["read"], .trap)]), capabilities: [])
        }
    }

    @Test func `x32 has its own numbers, and the others of x86-64`() throws {
        guard SeccompArchitecture.machine == .x86_64 else { return }
        let rules: [SeccompProfile.Rule] = [
            .init(["read", "rt_sigaction"], .allow), .init(["socket"], .log, arguments: [.init(0, .equal, 3)]),
        ]
        let both = try SeccompFilter(profile: SeccompProfile(defaultAction: .errno(1), rules: rules), capabilities: [])
        let (allow, denied, bit) = (SeccompAction.allow.returnValue, SeccompAction.errno(1).returnValue, UInt32(0x4000_0000))
        let cases: [(UInt32, [UInt64], UInt32)] = [
            (0, [], allow), (bit, [], allow), (bit | 1, [], denied), (bit | 512, [], allow), (512, [], SeccompAction.errno(38).returnValue),
            (bit | 41, [3], SeccompAction.log.returnValue), (bit | 41, [4], denied), (bit | 513, [], SeccompAction.errno(38).returnValue),
        ]
        for (number, arguments, expected) in cases { #expect(outcome(both, .x86_64, number, arguments) == expected, "\(number)") }
        // Without x32 in the profile its calls are another architecture's.
        let alone = try SeccompFilter(
            profile: SeccompProfile(defaultAction: .errno(1), architectures: [.x86_64], rules: rules), capabilities: [])
        #expect(outcome(alone, .x86_64, bit) == SeccompAction.killThread.returnValue)
        #expect(outcome(alone, .x86, 3) == SeccompAction.killThread.returnValue)
    }

    @Test func `a filter that allows by default stays silent about new calls`() throws {
        let profile = SeccompProfile(defaultAction: .allow, rules: [.init(["reboot"], .errno(1))])
        let filter = try SeccompFilter(profile: profile, capabilities: [])
        #expect(outcome(filter, .machine, 4000) == SeccompAction.allow.returnValue)
    }
}

extension SeccompArgument {
    fileprivate var libseccomp: scmp_arg_cmp {
        let (op, a, b): (scmp_compare, UInt64, UInt64) =
            switch comparison {
            case .notEqual: (SCMP_CMP_NE, value, 0)
            case .less: (SCMP_CMP_LT, value, 0)
            case .lessOrEqual: (SCMP_CMP_LE, value, 0)
            case .equal: (SCMP_CMP_EQ, value, 0)
            case .greaterOrEqual: (SCMP_CMP_GE, value, 0)
            case .greater: (SCMP_CMP_GT, value, 0)
            case .maskedEqual(let mask): (SCMP_CMP_MASKED_EQ, mask, value)
            }
        return scmp_arg_cmp(arg: UInt32(index), op: op, datum_a: a, datum_b: b)
    }
}
