import Foundation
import Testing

extension EndToEnd {
    /// `swiftlet down` with containers that resist.
    @Suite struct DownTests {}
}

extension EndToEnd.DownTests {
    @Test(.enabled(if: Freezer.isThere, "this machine has no freezer of cgroup v1"))
    func `down goes on when a container does not die, and names it`() throws {
        try withMachine { machine throws in
            for name in ["stuck", "other"] { _ = try machine.manifest(Manifest.sleeper(name), name: "manifests/\(name).yaml") }
            let agent = try machine.startAgent()
            let pid = try #require(try agent.waitUntilRunning("stuck").pid())
            let other = try #require(try agent.waitUntilRunning("other").pid())
            let freezer = try Freezer(pid)
            defer { freezer.remove() }

            let first = try machine.swiftlet(["down"])
            #expect(first.status == 1)
            let line = "container main of pod default/stuck-\(machine.nodeName): process \(pid) (sleep, state D) did not end after SIGKILL"
            #expect(first.stderr.contains("swiftlet: not everything could be removed:\n\(line); it holds cgroup "), "\(first.stderr)")
            #expect(first.stdout.contains("container main of pod default/other-\(machine.nodeName)\n"))
            #expect(!ProcessView(other).isAlive)
            #expect(machine.supervisors.isEmpty)
            #expect(machine.mounts.isEmpty)

            // As long as it is there it is named.
            let second = try machine.swiftlet(["down"])
            #expect(second.status == 1)
            #expect(second.stderr.contains("process \(pid) (sleep, state D)"), "\(second.stderr)")

            freezer.remove()
            try waitUntil("the process ends") { !ProcessView(pid).isAlive }
            let third = try machine.swiftlet(["down"])
            #expect(third.status == 0, "\(third.stderr)")
            #expect(machine.cgroups.isEmpty)
        }
    }

    /// Killing by the cgroup does not reach it; the end of its supervisor does.
    @Test func `down ends a container whose process was moved out of its cgroup`() throws {
        try withMachine { machine throws in
            _ = try machine.manifest(Manifest.sleeper("pod"), name: "manifests/pod.yaml")
            let pid = try #require(try machine.startAgent().waitUntilRunning("pod").pid())
            let isHybrid = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified")
            let root = "/sys/fs/cgroup\(isHybrid ? "/unified" : "")/cgroup.procs"
            try "\(pid)".write(toFile: root, atomically: false, encoding: .utf8)
            let result = try machine.swiftlet(["down"])
            #expect(result.status == 0, "\(result.stderr)")
            #expect(!ProcessView(pid).isAlive)
        }
    }
}

/// Holds a process so that not even SIGKILL ends it: a frozen cgroup of version 1 (freezer-subsystem.txt).
private final class Freezer {
    private static let root = "/sys/fs/cgroup/freezer"
    static var isThere: Bool { geteuid() == 0 && FileManager.default.fileExists(atPath: "\(root)/cgroup.procs") }
    private let folder: String

    init(_ pid: Int) throws {
        folder = "\(Self.root)/swiftlet-e2e-\(pid)"
        guard mkdir(folder, 0o755) == 0 else { throw Machine.Failure(description: "mkdir \(folder): errno \(errno)") }
        try write("\(pid)", "cgroup.procs")
        try write("FROZEN", "freezer.state")
        try waitUntil("process \(pid) is frozen") { try String(contentsOfFile: "\(folder)/freezer.state", encoding: .utf8) == "FROZEN\n" }
    }

    private func write(_ text: String, _ file: String) throws {
        try text.write(toFile: "\(folder)/\(file)", atomically: false, encoding: .utf8)
    }

    /// Lets the process go. Once is enough, twice is harmless.
    func remove() {
        try? write("THAWED", "freezer.state")
        try? waitUntil("nobody is in \(folder)") { rmdir(folder) == 0 || errno == ENOENT }
    }
}
