import Foundation
import Testing

extension EndToEnd {
    /// Many pods come and go; the machine is as before.
    @Suite struct LeakTests {
        /// SWIFTLET_LEAK_PODS sets another number.
        static let pods = ProcessInfo.processInfo.environment["SWIFTLET_LEAK_PODS"].flatMap { Int($0) } ?? 1000
        static let batch = 100
    }
}

extension EndToEnd.LeakTests {
    @Test func `pods started and removed leave nothing`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            let daemon = ProcessView(Int(agent.process.processIdentifier))
            // One batch first: what it leaves (the bridge's files, the pools, the threads' descriptors) is the instance's own.
            try comeAndGo(machine, agent, (0..<Self.batch).map { "first-\($0)" })
            let start = try settled(machine, daemon, like: nil)
            let threads = try threads(daemon)
            var memory = [try residentKilobytes(daemon)]
            for first in stride(from: 0, to: Self.pods, by: Self.batch) {
                try comeAndGo(machine, agent, (first..<min(first + Self.batch, Self.pods)).map { "p\($0)" })
                memory.append(try residentKilobytes(daemon))
            }
            let end = try settled(machine, daemon, like: start)
            #expect(start == end, "\(start.filter { end[$0.key] != $0.value }) became \(end.filter { start[$0.key] != $0.value })")
            // Pools of threads fill up as far as there are processors.
            #expect(try self.threads(daemon) <= threads + ProcessInfo.processInfo.processorCount)
            // The heap breathes; what a pod left, a thousand pods would leave a thousand times: 4 KiB each are 4 MiB.
            #expect(memory[memory.count - 1] < memory[memory.count / 2] + 4096, "kB: \(memory)")
            #expect(agent.terminate() == 0)
        }
        let after = KernelInventory.settled(like: before, deadlineSeconds: 30)
        #expect(before == after, "\(before.difference(to: after))")
    }

    private func comeAndGo(_ machine: Machine, _ agent: Agent, _ names: [String]) throws {
        let text = names.map { Manifest.busybox(name: $0, command: "exit 0") }.joined(separator: "\n---\n")
        let file = try machine.manifest(text, name: "manifests/batch.yaml")
        do {
            // Their records tell it too, and cost no process for each look.
            try waitUntil("\(names[0])… have succeeded", deadlineSeconds: 60) { records(machine, with: "Succeeded") == names.count }
            #expect(try machine.pods().filter { $0.phase == "Succeeded" }.count == names.count)
            try FileManager.default.removeItem(atPath: file)
            try waitUntil("\(names[0])… are gone", deadlineSeconds: 60) { machine.files("run/status").isEmpty }
            #expect(try machine.pods().isEmpty)
        } catch {
            throw Machine.Failure(description: "\(error): \(machine.complaints)")
        }
    }

    private func records(_ machine: Machine, with phase: String) -> Int {
        machine.files("run/status").count { name in
            let text = try? String(contentsOf: machine.folder.appending(path: "run/status/\(name)"), encoding: .utf8)
            return text?.contains("\"phase\":\"\(phase)\"") == true
        }
    }

    private func threads(_ daemon: ProcessView) throws -> Int { Int(try daemon.status("Threads")) ?? 0 }

    private func residentKilobytes(_ daemon: ProcessView) throws -> Int {
        Int(try daemon.status("VmRSS").split(separator: " ")[0]) ?? 0
    }

    /// How many there are of everything that pods could leave, while the daemon lives. Numbers, not names: which addresses and
    /// namespaces lie ready changes.
    private func settled(_ machine: Machine, _ daemon: ProcessView, like expected: [String: Int]?) throws -> [String: Int] {
        var last = try counts(machine, daemon)
        let deadline = Date(timeIntervalSinceNow: 20)
        // Without an example: until nothing changes any more.
        var isQuiet = false
        while !isQuiet, Date() < deadline {
            usleep(expected == nil ? 500_000 : 20_000)
            let now = try counts(machine, daemon)
            isQuiet = now == expected ?? last
            last = now
        }
        return last
    }

    private func counts(_ machine: Machine, _ daemon: ProcessView) throws -> [String: Int] {
        var counts = KernelInventory.take().counts
        for target in try daemon.descriptors().values { counts["descriptor \(kind(target))", default: 0] += 1 }
        for (folder, count) in files(machine) { counts["files in \(folder)"] = count }
        return counts
    }

    /// `socket:[123]` is a socket; a file is its path, without the names that differ from pod to pod.
    private func kind(_ target: String) -> String {
        target.split(separator: "[").first.map(String.init) ?? target
    }

    /// How many files each directory of the instance holds.
    private func files(_ machine: Machine) -> [String: Int] {
        let paths = ["data", "run"].flatMap { part in
            (FileManager.default.subpaths(atPath: machine.folder.appending(path: part).path) ?? []).map { "\(part)/\($0)" }
        }
        // The supervisors that lie ready have other names each time.
        let folders = paths.map { ($0 as NSString).deletingLastPathComponent.replacing(/run\/pods\/[0-9a-f]{32}/, with: "run/pods/ID") }
        return Dictionary(folders.filter { !$0.hasPrefix("data/images/") }.map { ($0, 1) }, uniquingKeysWith: +)
    }
}
