import Foundation
import Testing

extension EndToEnd {
    /// `kill -9` of the daemon at random points, and of supervisors.
    @Suite struct CrashTests {
        /// Rounds of the storm; SWIFTLET_CRASH_ROUNDS sets another number.
        static let rounds = ProcessInfo.processInfo.environment["SWIFTLET_CRASH_ROUNDS"].flatMap { Int($0) } ?? 200
    }
}

extension EndToEnd.CrashTests {
    /// Every container notes its start in a file of the host, so that a second start would show.
    static func noting(_ name: String, in folder: URL, command: String) -> String {
        Manifest.busybox(
            name: name, command: "echo started >> /out/\(name); \(command)",
            pod: "terminationGracePeriodSeconds: 0, volumes: [{name: out, hostPath: {path: \(folder.path)}}]",
            container: "volumeMounts: [{name: out, mountPath: /out}]")
    }

    @Test func `the daemon is killed at random points`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let notes = try machine.directory("notes")
            for steady in 0..<3 {
                _ = try machine.manifest(
                    Self.noting("steady-\(steady)", in: notes, command: "exec sleep 100000"), name: "manifests/steady-\(steady).yaml")
            }
            let expectedCodes = try storm(machine, notes)
            try checkOutcome(machine, notes, expectedCodes)
        }
        let after = KernelInventory.settled(like: before, deadlineSeconds: 30)
        #expect(before == after, "\(before.difference(to: after))")
    }

    /// Each round one pod is added and, from the eleventh on, one removed; then the daemon dies at a random moment.
    ///
    /// - Returns: Exit codes of the pods that are still wanted, by name.
    private func storm(_ machine: Machine, _ notes: URL) throws -> [String: Int] {
        var codes: [String: Int] = [:]
        for round in 0..<Self.rounds {
            let name = "short-\(round)"
            let agent = try machine.startAgent()
            _ = try machine.manifest(
                Self.noting(name, in: notes, command: "usleep \(round % 7 * 20_000); exit \(round % 100)"),
                name: "manifests/\(name).yaml")
            codes[name] = round % 100
            if round >= 10 {
                let old = "short-\(round - 10)"
                try FileManager.default.removeItem(at: machine.manifests.appending(path: "\(old).yaml"))
                codes[old] = nil
            }
            usleep(UInt32.random(in: 0..<300_000))
            agent.kill9()
        }
        return codes
    }

    private func checkOutcome(_ machine: Machine, _ notes: URL, _ codes: [String: Int]) throws {
        let agent = try machine.startAgent()
        do {
            try waitUntil("all short pods have ended", deadlineSeconds: 60) {
                let short = try machine.pods().filter { $0.name.hasPrefix("short") }
                return short.count == codes.count && short.allSatisfy { $0.phase == "Succeeded" || $0.phase == "Failed" }
            }
        } catch {
            throw Machine.Failure(description: "\(error): \(try machine.pods()): \(agent.stderr.suffix(3000))")
        }
        let pods = try machine.pods()
        for pod in pods {
            let container = try #require(pod.containers.first)
            let name = pod.name.replacing("-\(machine.nodeName)", with: "")
            #expect(container.restartCount == 0, "\(name) was started again")
            if let code = codes[name] { #expect(container.exitCode == code, "\(name): \(container)") }
        }
        #expect(pods.filter { $0.name.hasPrefix("steady") && $0.phase == "Running" }.count == 3)
        for note in try FileManager.default.contentsOfDirectory(atPath: notes.path) {
            let starts = try String(contentsOf: notes.appending(path: note), encoding: .utf8).split(separator: "\n").count
            #expect(starts == 1, "\(note) was started \(starts) times")
        }
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
