import CLinux
import Glibc
@testable import LinuxSystem
import Testing

/// A plan comes over a socket; no plan may make the child read outside of it.
@Suite struct PlanCheckTests {
    /// Every kind of operation with data, so that each field's offset can be spoilt.
    static func sample() throws -> [UInt8] {
        var plan = ProcessPlan(cloneFlags: [.mount, .pid])
        let input = plan.input("one")
        plan.mount(type: "tmpfs", target: "/a", options: ["size=1", "x", .slot(key: "fd", input)])
        plan.bind(source: .path("/b"), beneath: "c", target: "/d", propagation: .slave)
        plan.groups([1, 2, 3])
        plan.rlimit(ResourceLimit(.openFiles, soft: 1, hard: 2))
        plan.capabilities(CapabilitySets(container: .containerDefault))
        plan.seccomp(SeccompFilter(instructions: [6, 0, 0, 0, 0, 0, 0xff, 0x7f]))
        plan.exec(arguments: ["a", "b"], environment: ["c"], candidates: ["/d"])
        return try plan.encoded()
    }

    static func check(_ bytes: [UInt8], inputs: CInt = 1) -> Bool {
        bytes.withUnsafeBytes { clinux_plan_check($0.baseAddress, $0.count, inputs) == 0 }
    }

    /// Changes the header or one operation and returns the spoilt plan.
    static func spoil(op: Int, _ change: (inout clinux_op) -> Void) throws -> [UInt8] {
        var bytes = try sample()
        bytes.withUnsafeMutableBytes { buffer in
            let at = MemoryLayout<clinux_plan>.size + op * MemoryLayout<clinux_op>.size
            var value = buffer.loadUnaligned(fromByteOffset: at, as: clinux_op.self)
            change(&value)
            buffer.storeBytes(of: value, toByteOffset: at, as: clinux_op.self)
        }
        return bytes
    }

    static func spoilHeader(_ change: (inout clinux_plan) -> Void) throws -> [UInt8] {
        var bytes = try sample()
        bytes.withUnsafeMutableBytes { buffer in
            var value = buffer.load(as: clinux_plan.self)
            change(&value)
            buffer.storeBytes(of: value, as: clinux_plan.self)
        }
        return bytes
    }

    @Test func `the sample is accepted as it is`() throws {
        #expect(Self.check(try Self.sample()))
        #expect(!Self.check(try Self.sample(), inputs: 2))
        #expect(!Self.check([]))
        #expect(!Self.check(Array(try Self.sample().dropLast(8))))
    }

    static let headers: [(String, @Sendable (inout clinux_plan) -> Void)] = [
        ("magic", { $0.magic += 1 }), ("version", { $0.version += 1 }), ("operation size", { $0.op_size += 8 }), ("size", { $0.size += 8 }),
        ("no operations", { $0.op_count = 0 }), ("too many operations", { $0.op_count = 1025 }),
        ("operations beyond the end", { $0.op_count = 1000 }),
        ("too many slots", { $0.slot_count = 129 }), ("more inputs than slots", { $0.slot_count = 0 }),
        ("unknown clone flag", { $0.clone_flags |= 0x100 }),
        ("cgroup slot", { $0.cgroup_slot = 1 }), ("negative cgroup slot", { $0.cgroup_slot = -2 }),
        ("pid namespace slot", { $0.pid_ns_slot = 99 }),
    ]

    @Test(arguments: headers.indices) func `a broken header is refused`(index: Int) throws {
        #expect(!Self.check(try Self.spoilHeader(Self.headers[index].1)), "\(Self.headers[index].0)")
    }

    static let operations: [(String, Int, @Sendable (inout clinux_op) -> Void)] = [
        ("code 0", 0, { $0.code = 0 }), ("unknown code", 0, { $0.code = 9999 }), ("unknown flag", 0, { $0.flags |= 0x8000 }),
        ("flag of another operation", 2, { $0.flags = 1 }), ("string in the header", 0, { $0.s1 = 4 }),
        ("string beyond the end", 0, { $0.s1 = 0xffff_ffff }),
        ("no type", 0, { $0.s1 = 0 }), ("relative target", 0, { $0.s3 = $0.s1 }), ("options beyond the end", 0, { $0.length = 0x10000 }),
        ("options that do not end", 0, { $0.length -= 1 }), ("unaligned array", 2, { $0.data += 4 }),
        ("array at the top", 2, { $0.data = 0xffff_fff8 }),
        ("odd groups", 2, { $0.length = 11 }), ("array without offset", 2, { $0.data = 0 }), ("slot", 1, { $0.slot2 = 7 }),
        ("negative slot", 1, { $0.slot = -5 }),
        ("short propagation", 1, { $0.length = 4 }), ("negative limit", 3, { $0.slot = -1 }), ("short capabilities", 4, { $0.length = 24 }),
        ("half an instruction", 5, { $0.length = 4 }), ("no filter", 5, { ($0.data, $0.length) = (0, 0) }),
        ("short program", 6, { $0.length -= 4 }),
        ("program without data", 6, { ($0.data, $0.length) = (0, 0) }), ("detached path", 1, { $0.flags |= 64 }),
    ]

    @Test(arguments: operations.indices) func `a broken operation is refused`(index: Int) throws {
        let (name, op, change) = Self.operations[index]
        #expect(!Self.check(try Self.spoil(op: op, change)), "\(name)")
    }

    @Test func `the program's table may not lead outside`() throws {
        var bytes = try Self.sample()
        let op = bytes.withUnsafeBytes {
            $0.loadUnaligned(fromByteOffset: MemoryLayout<clinux_plan>.size + 6 * MemoryLayout<clinux_op>.size, as: clinux_op.self)
        }
        for (entry, value) in [(0, UInt32(0)), (0, 3), (0, 0xffff_ffff), (2, 0), (3, 8), (4, 0xffff_fff0)] {
            var spoilt = bytes
            spoilt.withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: Int(op.data) + 4 * entry, as: UInt32.self) }
            #expect(!Self.check(spoilt), "entry \(entry) = \(value)")
        }
        bytes[bytes.count - 1] = 1
        #expect(!Self.check(bytes), "the last string must end")
    }

    @Test(arguments: ["fd=\u{1}", "fd=\u{1}9", "fd=\u{1}0x", "=value", String(repeating: "k", count: 256)])
    func `a broken option is refused`(option: String) throws {
        var plan = ProcessPlan()
        _ = plan.input("one")
        plan.mount(type: "tmpfs", target: "/a", options: [.text(option)])
        plan.exec(arguments: ["a"], environment: [], candidates: ["/d"])
        #expect(!Self.check(try plan.encoded()))
    }

    @Test func `a plan ends with its program, once, and clones again once at most`() throws {
        var plan = ProcessPlan()
        plan.setSID()
        #expect(!Self.check(try plan.encoded(), inputs: 0))
        plan.becomeInit()
        #expect(Self.check(try plan.encoded(), inputs: 0))
        plan.setSID()
        #expect(!Self.check(try plan.encoded(), inputs: 0))
        var forks = ProcessPlan()
        forks.fork()
        forks.fork()
        forks.becomeInit()
        #expect(!Self.check(try forks.encoded(), inputs: 0))
    }

    /// The second child's number comes from the first, who would tell the one of the namespace that it was born in.
    @Test func `who is born in another pid namespace does not clone again`() throws {
        var joined = ProcessPlan()
        joined.pidNamespace = joined.input("pid namespace")
        joined.becomeInit()
        #expect(Self.check(try joined.encoded()))
        var fresh = ProcessPlan(cloneFlags: .pid)
        fresh.becomeInit()
        #expect(Self.check(try fresh.encoded(), inputs: 0))
        joined = ProcessPlan()
        joined.pidNamespace = joined.input("pid namespace")
        joined.fork()
        joined.becomeInit()
        #expect(!Self.check(try joined.encoded()))
        fresh = ProcessPlan(cloneFlags: .pid)
        fresh.fork()
        fresh.becomeInit()
        #expect(!Self.check(try fresh.encoded(), inputs: 0))
    }

    /// Whatever is accepted, every string and array of it lies inside the buffer.
    @Test func `random damage never gets an offset past the check`() throws {
        let sample = try Self.sample()
        var random = SystemRandomNumberGenerator()
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard Self.check(bytes) else { continue }
            accepted += 1
            expectInside(bytes)
        }
        #expect(accepted > 0)
    }

    private func expectInside(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            let header = buffer.load(as: clinux_plan.self)
            for index in 0..<Int(header.op_count) {
                let op = buffer.loadUnaligned(
                    fromByteOffset: MemoryLayout<clinux_plan>.size + index * MemoryLayout<clinux_op>.size, as: clinux_op.self)
                for offset in [op.s1, op.s2, op.s3] { #expect(Int(offset) < bytes.count) }
                #expect(Int(op.data) + Int(op.length) <= bytes.count)
                #expect(op.slot2 >= -1 && op.slot2 < Int32(header.slot_count))
            }
        }
    }

    @Test func `strings with a NUL are refused by the encoder, by name`() {
        var plan = ProcessPlan()
        plan.changeDirectory("/a\0b")
        plan.becomeInit()
        #expect(throws: PlanError("chdir to /a\0b: \"/a\" goes on after a NUL byte")) { _ = try plan.encoded() }
    }

    @Test func `every step has its name`() {
        #expect(SpawnStep.names.count == Int(CLINUX_STEP_SEND.rawValue) + 1)
        #expect("\(SpawnStep.exec)" == "execve")
        #expect("\(SpawnStep.died)" == "ended before execve")
        #expect(SpawnStep.names[Int(CLINUX_STEP_MOVE_MOUNT.rawValue)] == "move_mount")
        #expect(SpawnStep.names[Int(CLINUX_STEP_PTY.rawValue)] == "open terminal")
    }
}
