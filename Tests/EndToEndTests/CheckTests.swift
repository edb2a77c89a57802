import Foundation
import Testing

extension EndToEnd {
    @Suite struct CheckTests {}
}

extension EndToEnd.CheckTests {
    struct Answer: Decodable {
        struct Feature: Decodable {
            var group: String
            var name: String
            var state: String
            var found: String
            var mend: String?
            var lost: String?
        }
        var passed: Bool
        var features: [Feature]
    }

    private static func check(_ arguments: [String] = []) throws -> Program.Result {
        try Program.run(Program.swiftlet, ["check", "--data-dir", NSTemporaryDirectory()] + arguments)
    }

    @Test func `every line is found out, and tells what mends it`() throws {
        let result = try Self.check(["-o", "json"])
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.stdout.utf8))
        #expect(answer.passed == (result.status == 0))
        #expect(result.status <= 1, "\(result.stderr)")
        #expect(answer.features.count > 50)
        #expect(answer.passed == !answer.features.contains { $0.state == "fail" })
        for feature in answer.features {
            #expect(feature.state != "unknown", "\(feature.name): \(feature.found)")
            #expect(feature.state == "ok" || !(feature.mend ?? "").isEmpty && !(feature.lost ?? "").isEmpty, "\(feature.name)")
        }
        // These tests run, so the machine can do this much.
        for name in ["clone3", "overlayfs", "network namespace", "seccomp filters", "birth in a cgroup", "veth and bridge"] {
            let line = answer.features.first { $0.name == name }
            #expect(line?.state == "ok", "\(name): \(line?.found ?? "no such line")")
        }
    }

    /// A controller is told to be there exactly where the kernel lists it for cgroup v2.
    @Test func `controllers are what the kernel says`() throws {
        let answer = try JSONDecoder().decode(Answer.self, from: Data(try Self.check(["-o", "json"]).stdout.utf8))
        let folder =
            FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified"
        let listed = try String(contentsOfFile: "\(folder)/cgroup.controllers", encoding: .utf8).split(whereSeparator: \.isWhitespace)
        for name in ["cpu", "memory", "pids"] {
            let state = answer.features.first { $0.name == "\(name) controller" }?.state
            #expect(state == (listed.contains(name[...]) ? "ok" : "fail"), "\(name)")
        }
    }

    @Test func `nothing is left behind`() throws {
        let enabled = KernelInventory.cgroupFolders().filter { $0.contains("swiftlet-check") }
        #expect(enabled.isEmpty)
        let root = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first {
            FileManager.default.fileExists(atPath: "\($0)/cgroup.subtree_control")
        }
        func control() -> String { root.flatMap { try? String(contentsOfFile: "\($0)/cgroup.subtree_control", encoding: .utf8) } ?? "" }
        let before = (try ProcessView.own.mounts().map(\.target), control())
        _ = try Self.check()
        #expect(!KernelInventory.cgroupFolders().contains { $0.contains("swiftlet-check") })
        #expect(try ProcessView.own.mounts().map(\.target) == before.0)
        #expect(control() == before.1)
        let names = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
        #expect(!names.contains { $0.hasPrefix(".swiftlet-check") })
    }

    @Test func `an ordinary user is told what could not be probed`() throws {
        let result = try Program.run(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", Program.swiftlet, "check", "--data-dir", "/var/lib/none", "-o", "json"])
        // The program may lie where nobody but root can reach it.
        guard result.status <= 1 else { return }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.stdout.utf8))
        let overlay = answer.features.first { $0.name == "overlayfs" }
        #expect(overlay?.state == "unknown" && overlay?.found.contains("sudo") == true)
        #expect(answer.features.first { $0.name == "openat2" }?.state == "ok")
    }

    @Test func `JUnit and TAP have every line`() throws {
        let report = try JUnitReport(try Self.check(["-o", "junit"]).stdout)
        #expect(report.cases.count == report.declaredTests && report.cases.count > 50)
        let tap = try Self.check(["-o", "tap"]).stdout.split(separator: "\n")
        #expect(tap.first == "TAP version 14")
        #expect(tap.filter { $0.hasPrefix("ok ") || $0.hasPrefix("not ok ") }.count == report.cases.count)
    }
}
