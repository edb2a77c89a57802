import Glibc
import LinuxSystem
import Testing

@testable import Cgroups

@Suite(.enabled(if: geteuid() == 0, "loads eBPF: needs root"), .serialized)
struct DeviceFilterTests {
    /// Shell words, each true when the access is possible.
    private func possible(_ tests: [String], in cgroup: borrowing Cgroup) throws -> [Bool] {
        let script = tests.map { "{ \($0); } 2>/dev/null && answers=${answers}y || answers=${answers}n" }
        let process = try TestProcess.start(in: cgroup, script.joined(separator: "; ") + "; echo $answers")
        let answer = try process.nextOutput()
        #expect(try process.wait() == 0)
        return answer.dropLast().map { $0 == "y" }
    }

    @Test func `a container's defaults open null, make nodes, and open no other node`() throws {
        try withScratchCgroup { scratch in
            #expect(try scratch.deviceFilterCount() == 0)
            let filter = try DeviceFilter(rules: DeviceRule.containerDefaults)
            try filter.attach(to: scratch)
            #expect(try scratch.deviceFilterCount() == 1)
            let child = try scratch.createChild("child")  // in force below, too
            let node = "/tmp/swiftlet-test-node-\(getpid())"
            defer { unlink(node) }
            // 1:11 is /dev/kmsg: a real device that nothing here needs
            let answers = try possible(
                [
                    "true </dev/null", "true >/dev/null", "head -c1 /dev/urandom >/dev/null", "mknod \(node) c 1 11",
                    "true <\(node)", "true >>\(node)", "[ -c \(node) ]",
                ],
                in: child)
            #expect(answers == [true, true, true, true, false, false, true])
        }
    }

    @Test func `read and write are told apart`() throws {
        try withScratchCgroup { scratch in
            let filter = try DeviceFilter(rules: [.allow(.all), .deny(.character, 1, 5, .write)])
            try filter.attach(to: scratch)
            #expect(
                try possible(
                    ["true </dev/zero", "true >/dev/zero", "true <>/dev/zero", "true >/dev/null"], in: scratch)
                    == [true, false, false, true])
        }
    }

    @Test func `every filter on the way up must agree, and one serves many cgroups`() throws {
        try withScratchCgroup { scratch in
            let denyZero = try DeviceFilter(rules: [.allow(.all), .deny(.character, 1, 5)])
            let denyFull = try DeviceFilter(rules: [.allow(.all), .deny(.character, 1, 7)])
            let first = try scratch.createChild("first")
            let second = try scratch.createChild("second")
            try denyZero.attach(to: scratch)
            try denyFull.attach(to: first)
            try denyZero.attach(to: second)
            let tests = ["true </dev/zero", "true </dev/full"]
            #expect(try possible(tests, in: first) == [false, false])
            #expect(try possible(tests, in: second) == [false, true])
        }
    }

    @Test func `more rules load than any container has`() throws {
        let rules = (0..<200 as Range<UInt32>).map { DeviceRule.allow(.block, $0, $0, .read) }
        _ = try DeviceFilter(rules: rules)
    }
}
