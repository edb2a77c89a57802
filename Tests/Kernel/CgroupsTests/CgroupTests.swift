import Glibc
import LinuxSystem
import Testing

@testable import Cgroups

/// On the real tree; what a cgroup can do by itself, without any controller.
@Suite(.enabled(if: geteuid() == 0, "makes cgroups: needs root"), .serialized)
struct CgroupTests {
    @Test func `children are made, listed and removed`() throws {
        try withScratchCgroup { scratch in
            let child = try scratch.createChild("a")
            #expect(child.path == scratch.path + "/a")
            _ = try child.createChild("deep").createChild("deeper")
            _ = try scratch.openOrCreateChild("a")
            _ = try scratch.openOrCreateChild("b")
            #expect(try scratch.children().sorted() == ["a", "b"])
            try scratch.removeChild("a")
            try scratch.removeChild("a")
            #expect(try scratch.children() == ["b"])
        }
    }

    @Test func `what cannot be done says what, on which object and why`() throws {
        try withScratchCgroup { scratch in
            _ = try scratch.createChild("a")
            #expect(throws: SystemError("create cgroup \(scratch.path)/a", .exists)) {
                _ = try scratch.createChild("a")
            }
            #expect(throws: SystemError("open cgroup \(scratch.path)/b", .noSuchFile)) {
                _ = try scratch.openChild("b")
            }
            #expect(throws: SystemError("create cgroup \(scratch.path)/../b", .invalidArgument)) {
                _ = try scratch.createChild("../b")
            }
            #expect(throws: SystemError("open cgroup \(scratch.path)/..", .invalidArgument)) {
                _ = try scratch.openChild("..")
            }
            #expect(throws: SystemError("remove cgroup \(scratch.path)/..", .invalidArgument)) {
                try scratch.removeChild("..")
            }
            #expect(throws: SystemError("write \"2\" to \(scratch.path)/cgroup.freeze", Errno(rawValue: ERANGE))) {
                try scratch.write("2", to: "cgroup.freeze")
            }
            #expect(throws: SystemError("open \(scratch.path)/no.file", .noSuchFile)) {
                _ = try scratch.read("no.file")
            }
            #expect(throws: SystemError("open cgroup /nowhere", .noSuchFile)) { _ = try Cgroup(opening: "/nowhere") }
        }
    }

    @Test func `a process goes in, is seen, is killed, and the cgroup empties`() throws {
        try withScratchCgroup { scratch in
            let child = try scratch.createChild("child")
            #expect(try child.events().populated == false)
            let process = try TestProcess.start(in: child, "sleep 1000 & echo ready; wait")
            _ = try process.nextOutput()
            #expect(try child.processes().contains(process.pid))
            #expect(try child.processes().count == 2)
            #expect(try scratch.events().populated)
            #expect(throws: SystemError("wait for the last process of \(scratch.path)", .timedOut)) {
                try scratch.waitUntilEmpty(timeout: .milliseconds(1))
            }
            try scratch.kill()
            try scratch.waitUntilEmpty(timeout: .seconds(10))
            #expect(try child.processes().isEmpty)
            #expect(try process.wait() == 128 + 9)
        }
    }

    @Test func `killing one by one reaches the whole subtree, and leaves nothing frozen`() throws {
        try withScratchCgroup { scratch in
            let deep = try scratch.createChild("a").createChild("b")
            let first = try TestProcess.start(in: deep, "sleep 1000")
            let second = try TestProcess.start(in: scratch.openChild("a"), "sleep 1000")
            try scratch.killOneByOne()
            try scratch.waitUntilEmpty(timeout: .seconds(10))
            #expect(try first.wait() == 128 + 9)
            #expect(try second.wait() == 128 + 9)
            #expect(try scratch.read("cgroup.freeze") == "0\n")
        }
    }

    @Test func `frozen processes stand still and thaw`() throws {
        try withScratchCgroup { scratch in
            let process = try TestProcess.start(in: scratch, "echo one; read more; echo two")
            #expect(try process.nextOutput() == "one\n")
            try scratch.freeze()
            #expect(try scratch.events() == CgroupEvents(populated: true, frozen: true))
            try process.go()
            #expect(try scratch.events().frozen)
            try scratch.thaw()
            #expect(try process.nextOutput() == "two\n")
            #expect(try process.wait() == 0)
        }
    }

    @Test func `a watch reports the last exit, and the removal`() throws {
        try withScratchCgroup { scratch in
            let child = try scratch.createChild("child")
            let process = try TestProcess.start(in: child, "read more")
            let watch = try child.watch()
            #expect(try CgroupEvents(parsing: watch.read()).populated)
            #expect(try watch.wait(until: .now) == false)
            try process.go()
            #expect(try watch.wait(until: .now + .seconds(10)))
            #expect(try CgroupEvents(parsing: watch.read()).populated == false)
            #expect(try process.wait() == 0)
            #expect(try watch.wait(until: .now) == false)
            try scratch.removeChild("child")
            #expect(throws: SystemError("read \(child.path)/cgroup.events", .noDevice)) { _ = try watch.read() }
        }
    }

    @Test func `removal waits for those who are leaving`() throws {
        try withScratchCgroup { scratch in
            let process = try TestProcess.start(in: scratch.createChild("child").createChild("deep"), "read more")
            #expect(throws: SystemError("wait for the last process of \(scratch.path)/child", .timedOut)) {
                try scratch.removeChild("child", timeout: .milliseconds(1))
            }
            #expect(try scratch.children() == ["child"])
            try process.go()
            try scratch.removeChild("child")
            #expect(try scratch.children().isEmpty)
            #expect(try process.wait() == 0)
        }
    }

    @Test func `destruction kills first`() throws {
        try withScratchCgroup { scratch in
            let process = try TestProcess.start(
                in: scratch.createChild("child").createChild("deep"), "sleep 1000 & wait")
            try scratch.destroyChild("child")
            try scratch.destroyChild("child")
            #expect(try scratch.children().isEmpty)
            #expect(try process.wait() == 128 + 9)
        }
    }

    @Test func `an open cgroup is that cgroup, not its name`() throws {
        try withScratchCgroup { scratch in
            let old = try scratch.createChild("child")
            try scratch.removeChild("child")
            _ = try scratch.createChild("child")
            #expect(throws: SystemError.self) { _ = try old.read("cgroup.procs") }
        }
    }

    @Test func `CPU time is counted without any controller`() throws {
        try withScratchCgroup { scratch in
            let process = try TestProcess.start(in: scratch, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
            #expect(try process.wait() == 0)
            let statistics = try scratch.statistics()
            #expect(try #require(statistics.cpu).usageMicroseconds > 0)
            for resource in PressureStall.Resource.allCases where access("/proc/pressure/cpu", R_OK) == 0 {
                #expect(try scratch.pressure(resource) != nil)
            }
        }
    }

    @Test func `no descriptor is left open`() throws {
        try withScratchCgroup { scratch in
            let before = try openDescriptors(below: scratch.path)
            let process = try TestProcess.start(in: scratch.createChild("child"), "sleep 1000")
            let watch = try scratch.watch()
            #expect(try openDescriptors(below: scratch.path) == before + 1)
            _ = consume watch
            _ = try scratch.children()
            _ = try scratch.statistics()
            try scratch.freeze()
            try scratch.destroyChild("child")
            _ = try process.wait()
            #expect(throws: SystemError.self) { _ = try scratch.openChild("child") }
            #expect(try openDescriptors(below: scratch.path) == before)
        }
    }

    /// How many descriptors of this process are of files below a path; other tests run meanwhile and have their own.
    private func openDescriptors(below path: String) throws -> Int {
        (0..<1024).count { fd in
            var target = [CChar](repeating: 0, count: 4096)
            guard readlink("/proc/self/fd/\(fd)", &target, target.count - 1) > 0 else { return false }
            return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(
                path)
        }
    }
}
