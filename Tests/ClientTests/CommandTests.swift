import Foundation
import Testing

/// `up`, `server`, `status`, `down` and `snapshot` as scripts use them. Needs neither root nor a client.
@Suite(.serialized) struct CommandTests {
    private struct Status: Decodable {
        struct ControlPlane: Decodable {
            struct Store: Decodable {
                var kind: String
                var revision: Int
                var sizeBytes: Int?
            }
            struct Check: Decodable {
                var name: String
                var ok: Bool
            }
            var state: String
            var pid: Int32?
            var url: String?
            var ready: Bool?
            var store: Store?
            var checks: [Check]?
            var objects: [String: Int]?
        }
        var controlPlane: ControlPlane
    }

    private func status(_ daemon: Daemon) throws -> (code: Int32?, status: Status) {
        let result = try daemon.swiftlet("status -o json \(daemon.directories)")
        return (result.status, try JSONDecoder().decode(Status.self, from: Data(result.stdout.utf8)))
    }

    @Test func `up says when it is ready and where the kubeconfig is, which is its owner's alone`() throws {
        try Daemon.with { daemon in
            let lines = daemon.child.stdout.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines[0].wholeMatch(of: /ready in \d+ ms/) != nil)
            #expect(lines[1] == "export KUBECONFIG=\(daemon.kubeconfig.path)")
            let mode = try FileManager.default.attributesOfItem(atPath: daemon.kubeconfig.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(daemon.stop() == 0)
            #expect(daemon.stderr == "")
        }
    }

    @Test func `status shows address, health, store and objects, and its exit code says whether all is well`() throws {
        try Daemon.with { daemon in
            let (code, status) = try status(daemon)
            #expect(code == 0)
            #expect(status.controlPlane.state == "running")
            #expect(status.controlPlane.pid == daemon.child.pid)
            #expect(status.controlPlane.url == daemon.url)
            #expect(status.controlPlane.store?.kind == "sqlite")
            #expect((status.controlPlane.store?.sizeBytes ?? 0) > 0)
            #expect(status.controlPlane.checks?.contains { $0.name == "poststarthook/bootstrap-objects" && $0.ok } == true)
            #expect(status.controlPlane.objects?["namespaces"] == 4)
            let text = try daemon.swiftlet("status \(daemon.directories)")
            #expect(text.stdout.contains("running, pid \(daemon.child.pid)"))
            #expect(text.stdout.contains("API server:     \(daemon.url)"))
            daemon.stop()
            let after = try self.status(daemon)
            #expect(after.code == 1)
            #expect(after.status.controlPlane.state == "stopped")
        }
    }

    @Test func `a second one on the same directories is told who has them`() throws {
        try Daemon.with { daemon in
            let same = try daemon.swiftlet("up --listen 127.0.0.1:0 \(daemon.directories)")
            #expect(same.status == 2)
            #expect(same.stderr == "swiftlet: a daemon with this run directory runs already: pid \(daemon.child.pid)\n")
            let data = try daemon.swiftlet(
                "up --listen 127.0.0.1:0 --data-dir \(daemon.folder.path)/data --run-dir \(daemon.folder.path)/other")
            #expect(data.status == 3)
            #expect(
                data.stderr == """
                    swiftlet: the data directory \(daemon.folder.path)/data is in use by process \(daemon.child.pid): \
                    end it with swiftlet down, or choose another --data-dir

                    """)
        }
    }

    @Test func `a port that is taken is named, and nothing is left running`() throws {
        try Daemon.with { daemon in
            let address = daemon.url.dropFirst("https://".count)
            let other = "--data-dir \(daemon.folder.path)/data2 --run-dir \(daemon.folder.path)/run2"
            let result = try daemon.swiftlet("server --listen \(address) \(other)")
            #expect(result.status == 3)
            #expect(
                result.stderr == """
                    swiftlet: listen on \(address): Address already in use: end what listens there, or choose another port with --listen

                    """)
            let again = try daemon.swiftlet("up --detach --listen \(address) \(other)")
            #expect(again.status == 3)
            #expect(again.stderr == result.stderr)
        }
    }

    @Test(arguments: [
        ("up --listen here", "swiftlet: --listen here: an address and a port are needed, as 127.0.0.1:6443 or [::1]:6443\n"),
        ("up --listen localhost:0", "swiftlet: \"localhost\" is not an IP address\n"),
        ("up --listen 127.0.0.1:0 --history never", "swiftlet: \"never\" is not a time span: write it as 90s, 5m or 1h30m\n"),
        ("up --listen 127.0.0.1:0 --tls-san a_b", "swiftlet: \"a_b\" is neither an IP address nor a DNS name\n"),
        (
            "up --listen 127.0.0.1:0 --service-cidr 10.0.0.0",
            "swiftlet: service range \"10.0.0.0\": an IPv4 network with a prefix of 8 to 30 bits is needed\n"
        ),
    ])
    func `a wrong value is named`(command: String, message: String) throws {
        let folder = URL(filePath: "/tmp/swiftlet-clients-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let child = try Child("exec '\(Daemon.program)' \(command) --data-dir data --run-dir run", in: folder)
        #expect(child.wait(seconds: 20) == 2)
        #expect(child.stderr == message)
    }

    @Test func `in the background it is ready when the command returns, and down ends it`() throws {
        try Daemon.with { daemon in
            let directories = "--data-dir \(daemon.folder.path)/data2 --run-dir \(daemon.folder.path)/run2"
            let up = try daemon.swiftlet("server --detach --listen 127.0.0.1:0 \(directories)")
            #expect(up.status == 0)
            #expect(up.stdout.hasSuffix("export KUBECONFIG=\(daemon.folder.path)/data2/admin.kubeconfig\n"))
            let status = try daemon.swiftlet("status -o json \(directories)")
            #expect(status.status == 0)
            let pid = try #require(JSONDecoder().decode(Status.self, from: Data(status.stdout.utf8)).controlPlane.pid)
            let down = try daemon.swiftlet("down \(directories)")
            #expect(down.status == 0)
            #expect(down.stdout == "control plane \(pid)\n")
            // Its parent is not this process: who has taken it over may not have seen its end yet.
            let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            #expect(stat?.contains(") Z ") != false)
            #expect(try daemon.swiftlet("status \(directories)").status == 1)
        }
    }

    @Test func `a snapshot holds what was there, and comes back`() throws {
        try Daemon.with { daemon in
            let file = "\(daemon.folder.path)/saved"
            let save = try daemon.swiftlet("snapshot save \(daemon.directories) \(file)")
            #expect(save.status == 0)
            #expect(save.stdout.hasPrefix("saved \(file), "))
            #expect(try daemon.swiftlet("snapshot save \(daemon.directories) \(file)").status == 1)
            let busy = try daemon.swiftlet("snapshot restore \(daemon.directories) \(file)")
            #expect(busy.status == 3)
            #expect(busy.stderr.contains("is in use by process \(daemon.child.pid): end it with swiftlet down"))
            daemon.stop()
            let stopped = try daemon.swiftlet("snapshot save \(daemon.directories) \(file)-2")
            #expect(stopped.status == 0, "without a daemon: \(stopped.stderr)")
            let restore = try daemon.swiftlet("snapshot restore \(daemon.directories) \(file)")
            #expect(restore.status == 0, "\(restore.stderr)")
            let told = try #require(restore.stdout.firstMatch(of: /^restored \d+ objects of revision (\d+); goes on from (\d+)\n/))
            let (revision, next) = (try #require(Int(told.1)), try #require(Int(told.2)))
            #expect(revision > 0 && next > revision)
            #expect(restore.stdout.contains("the store that was there is now \(daemon.folder.path)/data/store/store.db.replaced-"))
            try daemon.startAgain()
            let after = try status(daemon)
            #expect(after.code == 0)
            #expect(after.status.controlPlane.objects?["namespaces"] == 4)
            #expect((after.status.controlPlane.store?.revision ?? 0) >= next)
        }
    }

    @Test func `what cannot be saved or put back is said`() throws {
        try Daemon.with(["--store", "memory"]) { daemon in
            let memory = try daemon.swiftlet("snapshot save \(daemon.directories) \(daemon.folder.path)/saved")
            #expect(memory.status == 1)
            #expect(memory.stderr.contains("a store in memory has no file format"))
            daemon.stop()
            let none = try daemon.swiftlet("snapshot save \(daemon.directories) \(daemon.folder.path)/saved")
            #expect(none.status == 2)
            #expect(none.stderr.contains("there is no store in \(daemon.folder.path)/data"))
            #expect(try daemon.swiftlet("snapshot restore \(daemon.directories) \(daemon.folder.path)/nothing").status == 2)
            let text = daemon.folder.appending(path: "text")
            try "this is no snapshot, however long it may be".write(to: text, atomically: true, encoding: .utf8)
            let wrong = try daemon.swiftlet("snapshot restore \(daemon.directories) \(text.path)")
            #expect(wrong.status == 1)
            #expect(wrong.stderr.contains(text.path))
            #expect(wrong.stderr.contains("Nothing was changed"))
        }
    }
}
