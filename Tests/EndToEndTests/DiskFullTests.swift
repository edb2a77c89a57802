import Foundation
import Testing

extension EndToEnd {
    /// File systems without room: clear errors, nothing half-done, and all goes on once there is room.
    @Suite struct DiskFullTests {
        /// A small file system below a directory of the instance.
        private final class SmallDisk {
            let path: String
            private var ballast: String { path + "/ballast" }

            init(_ path: String, kilobytes: Int) throws {
                self.path = path
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                guard try Program.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path]).status == 0 else {
                    throw Machine.Failure(description: "mount tmpfs on \(path)")
                }
            }

            /// Takes all the room there is.
            func fill() throws {
                let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND, 0o600)
                guard file >= 0 else { throw Machine.Failure(description: "create \(ballast): errno \(errno)") }
                let page = [UInt8](repeating: 0, count: 4096)
                while write(file, page, page.count) > 0 {}
                close(file)
            }

            func empty() { unlink(ballast) }

            func unmount() { _ = try? Program.run("/bin/umount", ["-l", path]) }
        }
    }
}

extension EndToEnd.DiskFullTests {
    @Test func `a full run directory stops no pod, and lets pods be stopped`() throws {
        let before = KernelInventory.take()
        try withMachine { machine throws in
            let disk = try SmallDisk(machine.folder.appending(path: "run").path, kilobytes: 512)
            defer { disk.unmount() }
            for name in ["steady", "leaving"] { _ = try machine.manifest(Manifest.sleeper(name), name: "manifests/\(name).yaml") }
            let agent = try machine.startAgent()
            let pid = try #require(try agent.waitUntilRunning("steady").pid())
            let leaving = try #require(try agent.waitUntilRunning("leaving").pid())
            let sandboxes = machine.files("run/pods").count
            try disk.fill()
            _ = try machine.manifest(Manifest.sleeper("late"), name: "manifests/late.yaml")
            try waitUntil("the agent says why the pod does not start") {
                agent.stderr.split(separator: "\n").contains { $0.contains("late") && $0.contains("No space left on device") }
            } orElse: {
                agent.stderr
            }
            #expect(machine.files("run/pods").count == sandboxes, "a half-made sandbox stays")
            try FileManager.default.removeItem(at: machine.manifests.appending(path: "leaving.yaml"))
            try waitUntil("the pod is stopped all the same") {
                !ProcessView(leaving).isAlive
            } orElse: {
                agent.stderr
            }
            disk.empty()
            #expect(try agent.waitUntilRunning("late", deadlineSeconds: 60).container("main")?.restartCount == 0)
            #expect(try agent.waitUntilRunning("steady").pid() == pid)
            try agent.waitUntilGone("leaving")
            // The next daemon finds nothing amiss.
            agent.kill9()
            let next = try machine.startAgent()
            #expect(try next.waitUntilRunning("steady").pid() == pid)
            #expect(!next.stderr.contains("damaged"), "\(next.stderr)")
            #expect(next.terminate() == 0)
            #expect(try machine.swiftlet(["down"]).status == 0)
        }
        let after = KernelInventory.settled(like: before)
        #expect(before == after, "\(before.difference(to: after))")
    }

    @Test func `a full data directory is named, and leaves nothing half-made`() throws {
        try withMachine(images: []) { machine throws in
            let disk = try SmallDisk(machine.dataDirectory, kilobytes: 8192)
            defer { disk.unmount() }
            try machine.importImage("\(Program.fixtures ?? "")/busybox.tar")
            let file = try machine.manifest(Manifest.busybox(command: "echo hello"))
            #expect(try machine.swiftlet(["run"], ["-f", file]).status == 0)
            let inodes = machine.files("data/images/snapshots")
            try disk.fill()
            let failed = try machine.swiftlet(["run"], ["-f", file])
            #expect(failed.status != 0)
            #expect(failed.stderr.contains("No space left on device"), "\(failed.stderr)")
            #expect(machine.files("data/images/snapshots") == inodes)
            #expect(
                machine.files("data/pods") == [] && machine.files("run/pods") == [] && machine.cgroups.allSatisfy { !$0.contains("/pod") })
            disk.empty()
            let result = try machine.swiftlet(["run"], ["-f", file])
            #expect(result.status == 0 && result.stdout.contains("hello"), "\(result.stderr)")
        }
    }

    @Test func `a full log file system costs output, not the pod`() throws {
        try withMachine { machine throws in
            let disk = try SmallDisk(machine.folder.appending(path: "data/logs").path, kilobytes: 256)
            defer { disk.unmount() }
            let notes = try machine.directory("notes")
            // More than the supervisor and the pipe hold.
            let command = "seq 1 200000; : > /out/written; until [ -e /out/go ]; do usleep 20000; done; echo last words; exit 7"
            _ = try machine.manifest(
                Manifest.busybox(
                    name: "talker", command: command, pod: "volumes: [{name: out, hostPath: {path: \(notes.path)}}]",
                    container: "volumeMounts: [{name: out, mountPath: /out}]"), name: "manifests/talker.yaml")
            let agent = try machine.startAgent()
            try agent.waitUntilRunning("talker")
            try waitUntil("the container is not held for ever", deadlineSeconds: 60) {
                FileManager.default.fileExists(atPath: notes.appending(path: "written").path)
            } orElse: {
                agent.stderr
            }
            try waitUntil("the agent says so") {
                agent.stderr.split(separator: "\n").contains {
                    $0.contains("write the log of container") && $0.contains("No space left on device")
                }
            } orElse: {
                agent.stderr
            }
            #expect(try agent.waitUntilRunning("talker").container("main")?.restartCount == 0)
            try Self.makeRoom(disk.path)
            try waitUntil("the agent says that it is over") {
                agent.stderr.contains("is written again")
            } orElse: {
                agent.stderr
            }
            #expect(FileManager.default.createFile(atPath: notes.appending(path: "go").path, contents: nil))
            let ended = try agent.waitFor("talker", "has ended") { $0.container("main")?.exitCode != nil }
            #expect(ended.container("main")?.exitCode == 7)
            let logs = try machine.swiftlet(["logs"], ["talker-\(machine.nodeName)"])
            #expect(logs.stdout.hasSuffix("last words\n"), "\(logs.stdout.suffix(300))")
            #expect(logs.stderr.hasPrefix("swiftlet: lost "), "\(logs.stderr)")
            #expect(agent.terminate() == 0)
        }
    }

    private static func makeRoom(_ path: String) throws {
        guard try Program.run("/bin/mount", ["-o", "remount,size=32m", path]).status == 0 else {
            throw Machine.Failure(description: "remount \(path)")
        }
    }
}
