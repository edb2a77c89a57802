import Foundation
import Testing

extension EndToEnd {
    /// The node agent with a directory of manifests: pods outlive it, however it ends.
    @Suite struct DaemonTests {}
}

extension EndToEnd.DaemonTests {
    @Test func `a manifest in the directory runs; its removal ends the pod`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            let manifest = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            let pod = try agent.waitUntilRunning("web")
            #expect(pod.name == "web-\(machine.nodeName)")
            try FileManager.default.removeItem(atPath: manifest)
            try agent.waitUntilGone("web")
            #expect(agent.terminate() == 0)
        }
        let after = KernelInventory.settled(like: before)
        #expect(before == after, "\(before.difference(to: after))")
    }

    @Test func `down with nothing there makes nothing and says so`() throws {
        try withMachine { machine throws in
            func state() -> [String] { machine.files(".").sorted() + machine.files("data").sorted() }
            let before = (kernel: KernelInventory.take(), files: state())
            let result = try machine.swiftlet(["down"])
            #expect(result.status == 0 && result.stdout == "nothing to remove\n" && result.stderr == "", "\(result)")
            #expect(state() == before.files)
            #expect(KernelInventory.take() == before.kernel)
        }
    }

    /// Its daemon was killed before it made a sandbox, or after it had removed it; then the manifest went.
    @Test func `a pod that has files but neither sandbox nor manifest goes`() throws {
        try withMachine { machine throws in
            let uid = String(repeating: "0a", count: 16)
            let volume = try machine.directory("data/pods/\(uid)/volumes/kubernetes.io~empty-dir/memory").path
            _ = try machine.directory("data/logs/default_gone_\(uid)/main")
            try #require(try Program.run("/bin/mount", ["-t", "tmpfs", "tmpfs", volume]).status == 0)
            let agent = try machine.startAgent()
            try waitUntil("nothing of it is left") {
                machine.files("data/pods").isEmpty && machine.files("data/logs").isEmpty && !machine.mounts.contains(volume)
            } orElse: {
                "\(machine.files("data/pods")) \(machine.files("data/logs")) \(agent.stderr)"
            }
            #expect(agent.terminate() == 0)
        }
    }

    @Test func `a container outlives its daemon and is adopted`() throws {
        try withMachine { machine throws in
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            let first = try machine.startAgent()
            let pid = try #require(try first.waitUntilRunning("web").pid())
            first.kill9()
            #expect(ProcessView(pid).isAlive, "the container died with its daemon")
            let second = try machine.startAgent()
            let adopted = try #require(try second.waitUntilRunning("web").container("main"))
            #expect(adopted.pid == pid)
            #expect(adopted.restartCount == 0)
            #expect(second.terminate() == 0)
            #expect(ProcessView(pid).isAlive, "the container died when its daemon was stopped")
        }
    }

    @Test func `an exit while the daemon is dead is not lost`() throws {
        try withMachine { machine throws in
            let command = "until [ -e /tmp/go ]; do usleep 20000; done; exit 42"
            _ = try machine.manifest(Manifest.busybox(name: "short", command: command), name: "manifests/short.yaml")
            let first = try machine.startAgent()
            let pid = try #require(try first.waitUntilRunning("short").pid())
            first.kill9()
            #expect(FileManager.default.createFile(atPath: "/proc/\(pid)/root/tmp/go", contents: nil))
            try waitUntil("the process is gone") { !ProcessView(pid).isAlive }
            let second = try machine.startAgent()
            let ended = try second.waitFor("short", "has ended") { $0.container("main")?.exitCode != nil }
            #expect(ended.container("main")?.exitCode == 42)
            #expect(ended.phase == "Failed")
        }
    }

    @Test func `logs are written while the daemon is dead, and none is lost`() throws {
        try withMachine(images: ["fixture"]) { machine throws in
            let manifest = Manifest.fixture("writer", pod: "restartPolicy: Never", arguments: "log, --lines, '3000', --rate, '2000'")
            _ = try machine.manifest(manifest, name: "manifests/writer.yaml")
            let first = try machine.startAgent()
            try first.waitUntilRunning("writer")
            first.kill9()
            let second = try machine.startAgent()
            try second.waitFor("writer", "has ended") { $0.phase == "Succeeded" }
            let lines = try machine.swiftlet(["logs"], ["writer-\(machine.nodeName)"]).stdout.split(separator: "\n")
            #expect(lines.count == 3000)
            for (number, line) in lines.enumerated() where Int(line.prefix(10)) != number {
                Issue.record("line \(number) is \(line.prefix(20))")
                break
            }
        }
    }

    @Test func `when a file changes, the old instance has ended before the new one starts`() throws {
        try withMachine { machine throws in
            let notes = try machine.directory("notes")
            let script = """
                [ -e /out/running ] && echo overlap >> /out/log
                touch /out/running; echo start-$V >> /out/log
                trap 'usleep 300000; rm /out/running; echo end-$V >> /out/log; exit 0' TERM
                while :; do sleep 1 & wait $!; done
                """
            func manifest(_ version: Int) -> String {
                Manifest.busybox(
                    name: "web", command: script,
                    pod: "terminationGracePeriodSeconds: 10, volumes: [{name: out, hostPath: {path: \(notes.path)}}]",
                    container: "env: [{name: V, value: '\(version)'}], volumeMounts: [{name: out, mountPath: /out}]")
            }
            let log = notes.appending(path: "log")
            func text() -> String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }
            let agent = try machine.startAgent()
            for version in 1...3 {
                _ = try machine.manifest(manifest(version), name: "manifests/web.yaml")
                try waitUntil("version \(version) runs") { text().contains("start-\(version)\n") }
            }
            #expect(text() == "start-1\nend-1\nstart-2\nend-2\nstart-3\n")
            #expect(agent.process.isRunning)
        }
    }

    @Test func `a file touched without a change restarts nothing`() throws {
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            let pid = try #require(try agent.waitUntilRunning("web").pid())
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            // A second pod proves that the directory was read again meanwhile.
            _ = try machine.manifest(Manifest.sleeper("other"), name: "manifests/other.yaml")
            try agent.waitUntilRunning("other")
            #expect(try machine.pod("web")?.pid() == pid)
        }
    }

    @Test func `a bad manifest is reported and does not keep the others from running`() throws {
        try withMachine { machine throws in
            _ = try machine.manifest("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containerz: []}\n", name: "manifests/a.yaml")
            _ = try machine.manifest(Manifest.sleeper("web"), name: "manifests/web.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("web")
            try waitUntil("the bad manifest is named") { agent.stderr.contains("a.yaml:4: spec.containerz: unknown field") }
            #expect(try machine.pods().count == 1)
        }
    }

    @Test func `a second daemon on the same directories is refused`() throws {
        try withMachine { machine throws in
            let agent = try machine.startAgent()
            let result = try machine.swiftlet(["agent"], ["--pod-manifest-path", machine.manifests.path])
            #expect(result.status == 2)
            #expect(result.stderr.contains("runs already: pid \(agent.process.processIdentifier)"), "\(result.stderr)")
        }
    }
}
