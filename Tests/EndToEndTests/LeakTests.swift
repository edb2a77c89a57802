import Foundation
import Testing

extension EndToEnd {
    /// Many pods come and go; the machine is as before.
    @Suite struct LeakTests {
        /// SWIFTLET_LEAK_PODS sets another number.
        static let pods = ProcessInfo.processInfo.environment["SWIFTLET_LEAK_PODS"].flatMap { Int($0) } ?? 1000
        static let batch = 50
    }
}

extension EndToEnd.LeakTests {
    @Test func `pods started and removed leave nothing`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            let daemon = ProcessView(Int(agent.process.processIdentifier))
            var descriptors: [Int] = []
            var memory: [Int] = []
            // One pod first: what it leaves (the bridge's files, the pool's) is the instance's own.
            try comeAndGo(machine, agent, ["first"])
            let filesBefore = files(machine)
            for first in stride(from: 0, to: Self.pods, by: Self.batch) {
                try comeAndGo(machine, agent, (first..<min(first + Self.batch, Self.pods)).map { "p\($0)" })
                descriptors.append(try daemon.descriptors().count)
                memory.append(Int(try daemon.status("VmRSS").split(separator: " ")[0]) ?? 0)
            }
            // What the daemon holds does not grow with the pods it has had. The first rounds fill caches.
            if descriptors.count > 3 {
                #expect(descriptors[descriptors.count - 1] <= descriptors[1] + 8, "\(descriptors)")
                #expect(memory[memory.count - 1] < memory[2] + memory[2] / 4 + 4096, "kB: \(memory)")
            }
            func more() -> [String: Int] { files(machine).filter { $0.value > filesBefore[$0.key, default: 0] } }
            try? waitUntil("there are no more files than before") { more().isEmpty }
            #expect(more().isEmpty, "before: \(filesBefore)")
            #expect(agent.terminate() == 0)
        }
        let after = KernelInventory.settled(like: before, deadlineSeconds: 30)
        #expect(before == after, "\(before.difference(to: after))")
    }

    private func comeAndGo(_ machine: Machine, _ agent: Agent, _ names: [String]) throws {
        let text = names.map { Manifest.busybox(name: $0, command: "exit 0") }.joined(separator: "\n---\n")
        let file = try machine.manifest(text, name: "manifests/batch.yaml")
        do {
            try waitUntil("\(names[0])… have succeeded", deadlineSeconds: 60) {
                try machine.pods().filter { $0.phase == "Succeeded" }.count == names.count
            }
            try FileManager.default.removeItem(atPath: file)
            try waitUntil("\(names[0])… are gone", deadlineSeconds: 60) { try machine.pods().isEmpty }
        } catch {
            throw Machine.Failure(description: "\(error): \(agent.stderr.suffix(3000))")
        }
    }

    /// How many files each directory of the instance holds. Numbers, not names: which addresses and namespaces lie ready changes.
    private func files(_ machine: Machine) -> [String: Int] {
        let paths = ["data", "run"].flatMap { part in
            (FileManager.default.subpaths(atPath: machine.folder.appending(path: part).path) ?? []).map { "\(part)/\($0)" }
        }
        let folders = paths.map { ($0 as NSString).deletingLastPathComponent }
        return Dictionary(folders.filter { !$0.hasPrefix("data/images/") }.map { ($0, 1) }, uniquingKeysWith: +)
    }
}
