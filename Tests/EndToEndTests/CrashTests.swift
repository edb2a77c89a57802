import Foundation
import Testing

extension EndToEnd {
    /// `kill -9` of the daemon at random points, and of supervisors.
    @Suite struct CrashTests {
        /// How often a daemon is killed in all; SWIFTLET_CRASH_ROUNDS sets another number.
        static let kills = ProcessInfo.processInfo.environment["SWIFTLET_CRASH_ROUNDS"].flatMap { Int($0) } ?? 200
        /// Instances side by side, so that it does not take for ever.
        static let instances = 4
    }
}

extension EndToEnd.CrashTests {
    @Test func `the daemon is killed at random points`() async throws {
        let before = KernelInventory.take()
        _ = try await inParallel(Self.instances) { index in
            try withMachine { machine throws in
                do {
                    var storm = try Storm(machine)
                    for round in 0..<Self.kills / Self.instances { try storm.strike(round) }
                    try storm.checkOutcome()
                } catch {
                    throw Machine.Failure(description: "instance \(index): \(error)\n\(machine.complaints)")
                }
            }
        }
        let after = KernelInventory.settled(like: before, deadlineSeconds: 30)
        #expect(before == after, "\(before.difference(to: after))")
    }

    @Test func `a killed supervisor takes its pod along, which starts again by policy`() throws {
        try withMachine { machine throws in
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            let agent = try machine.startAgent()
            let first = try #require(try agent.waitUntilRunning("web").pid())
            kill(pid_t(try ProcessView(first).parent()), SIGKILL)
            try waitUntil("the container died with its supervisor") { !ProcessView(first).isAlive }
            let again = try agent.waitFor("web", "runs again", deadlineSeconds: 40) { pod in
                pod.container("main")?.state == "running" && pod.pid() != nil && pod.pid() != first
            }
            #expect(again.container("main")?.restartCount == 1)
        }
    }

    @Test func `a supervisor killed while the daemon is dead is found out at the next start`() throws {
        try withMachine { machine throws in
            let never = Manifest.busybox(name: "once", command: "exec sleep 100000")
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            _ = try machine.manifest(never, name: "manifests/once.yaml")
            let agent = try machine.startAgent()
            let pids = [try #require(try agent.waitUntilRunning("web").pid()), try #require(try agent.waitUntilRunning("once").pid())]
            agent.kill9()
            for pid in pids { kill(pid_t(try ProcessView(pid).parent()), SIGKILL) }
            for pid in pids { try waitUntil("\(pid) died with its supervisor") { !ProcessView(pid).isAlive } }
            let next = try machine.startAgent()
            try next.waitUntilRunning("web", deadlineSeconds: 40)
            let once = try next.waitFor("once", "is known to have failed", deadlineSeconds: 40) { $0.phase == "Failed" }
            #expect(once.container("main")?.restartCount == 0)
        }
    }
}
