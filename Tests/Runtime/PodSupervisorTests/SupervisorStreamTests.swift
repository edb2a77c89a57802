import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

/// Attached clients, stdin and terminals of the real program.
@Suite(.enabled(if: geteuid() == 0, "starts processes as root does"), .timeLimit(.minutes(2)))
struct SupervisorStreamTests {
    /// A client's ends of an attachment, in the order stdin, stdout, stderr.
    private func attach(_ client: TestClient, _ id: String, stdin: Bool = false, stdout: Bool = false, stderr: Bool = false) throws
        -> [DescriptorBox]
    {
        var own: [DescriptorBox] = [], theirs: [DescriptorBox] = []
        for _ in [stdin, stdout, stderr].filter({ $0 }) {
            let pair = try UnixSocket.pair(.stream)
            own.append(DescriptorBox(try pair.one.duplicate()))
            theirs.append(DescriptorBox(try pair.other.duplicate()))
        }
        try client.call(
            .attach, AttachRequest(id: Array(id.utf8), stdin: stdin, stdout: stdout, stderr: stderr),
            descriptors: theirs.map { $0.fd.rawValue })
        return own
    }

    private func terminalRequest(_ id: String, _ command: String, kind: ProcessKind = .container, log: String? = nil) throws
        -> StartProcessRequest
    {
        var plan = ProcessPlan(cloneFlags: .mount)
        let socket = plan.input("terminal")
        plan.setSID()
        plan.parentDeathSignal(SIGKILL)
        plan.propagation(.private)
        plan.mount(
            type: "devpts", source: "devpts", target: "/dev/pts", options: ["newinstance", "ptmxmode=0666", "mode=0620"], onHost: true)
        plan.openTerminal(sendingMasterTo: socket, rows: 24, columns: 80, owner: 65_534)
        plan.exec(arguments: ["sh", "-c", command], environment: ["PATH=/usr/bin:/bin"], candidates: ["/bin/sh"])
        var request = StartProcessRequest(id: Array(id.utf8), kind: kind, output: .discard, terminal: true, plan: try plan.encoded())
        if let log { request.output = .log(LogTarget(path: Array(log.utf8), maxSizeBytes: 0, maxFiles: 0)) }
        return request
    }

    private func readAll(_ box: DescriptorBox) throws -> String { String(decoding: try box.fd.readToEnd(), as: UTF8.self) }

    @Test func `several clients see the output, and all of it goes to the log too`() throws {
        let supervisor = try SupervisorProcess()
        var request = try StartProcessRequest.shell("c", "read x; echo out $x; echo err >&2", log: supervisor.directory.path + "/0.log")
        request.stdin = .open
        try supervisor.client.start(request)
        let one = try attach(supervisor.client, "c", stdin: true, stdout: true, stderr: true)
        let two = try attach(supervisor.client, "c", stdout: true)
        try one[0].fd.writeAll(Array("hello\n".utf8))
        #expect(try readAll(one[1]) == "out hello\n")
        #expect(try readAll(one[2]) == "err\n")
        #expect(try readAll(two[0]) == "out hello\n")
        _ = try supervisor.client.wait("c")
        #expect(Set(withoutTimes(supervisor.directory.text("0.log"))) == ["stdout F out hello", "stderr F err"])
    }

    @Test func `stdinOnce ends with its first client, plain stdin does not`() throws {
        let supervisor = try SupervisorProcess()
        for mode in [StdinMode.once, .open] {
            let id = mode == .once ? "once" : "open"
            var request = try StartProcessRequest.shell(id, "cat; echo end", log: "\(supervisor.directory.path)/\(id).log")
            request.stdin = mode
            try supervisor.client.start(request)
            let client = try attach(supervisor.client, id, stdin: true)
            try client[0].fd.writeAll(Array("text\n".utf8))
        }
        #expect(try supervisor.client.wait("once").code == 0)
        #expect(withoutTimes(supervisor.directory.text("once.log")) == ["stdout F text", "stdout F end"])
        #expect(eventually { withoutTimes(supervisor.directory.text("open.log")) == ["stdout F text"] })
        #expect(try supervisor.client.list().last?.exit == nil)
        try supervisor.client.call(.closeStdin, ProcessRequest(id: Array("open".utf8)))
        #expect(try supervisor.client.wait("open").code == 0)
    }

    @Test func `more input than the pipe holds arrives whole`() throws {
        let supervisor = try SupervisorProcess()
        var request = try StartProcessRequest.shell("c", "sleep 0.1; wc -c", log: supervisor.directory.path + "/0.log")
        request.stdin = .once
        try supervisor.client.start(request)
        try attach(supervisor.client, "c", stdin: true)[0].fd.writeAll([UInt8](repeating: 0x78, count: 3_000_000))
        _ = try supervisor.client.wait("c")
        #expect(withoutTimes(supervisor.directory.text("0.log")) == ["stdout F 3000000"])
    }

    @Test func `the process may open its output again, whoever it is`() throws {
        let supervisor = try SupervisorProcess()
        var plan = ProcessPlan()
        let streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) }
        plan.uid(65_534)
        plan.exec(arguments: ["sh", "-c", "echo again > /dev/stdout"], environment: [], candidates: ["/bin/sh"])
        let log = OutputTarget.log(LogTarget(path: Array((supervisor.directory.path + "/0.log").utf8), maxSizeBytes: 0, maxFiles: 0))
        try supervisor.client.start(
            StartProcessRequest(id: Array("c".utf8), kind: .container, output: log, ioOwner: 65_534, plan: try plan.encoded()))
        #expect(try supervisor.client.wait("c").code == 0)
        #expect(withoutTimes(supervisor.directory.text("0.log")) == ["stdout F again"])
    }

    @Test func `a container's terminal feeds log and clients, and takes input and sizes`() throws {
        let supervisor = try SupervisorProcess()
        var request = try terminalRequest(
            "c", "stat -c %u $(tty); stty size; read x; stty size; echo got $x", log: supervisor.directory.path + "/0.log")
        request.stdin = .open
        try supervisor.client.start(request)
        #expect(eventually { withoutTimes(supervisor.directory.text("0.log")).count == 2 })
        let client = try attach(supervisor.client, "c", stdin: true, stdout: true)
        try supervisor.client.call(.resize, ResizeRequest(id: Array("c".utf8), rows: 50, columns: 132))
        try client[0].fd.writeAll(Array("word\n".utf8))
        #expect(try readAll(client[1]) == "word\r\n50 132\r\ngot word\r\n")
        #expect(try supervisor.client.wait("c").code == 0)
        #expect(
            withoutTimes(supervisor.directory.text("0.log"))
                == ["stdout F 65534\r", "stdout F 24 80\r", "stdout F word\r", "stdout F 50 132\r", "stdout F got word\r"])
    }

    @Test func `an exec's terminal belongs to its client, whose end hangs it up`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.send(.startProcess, try terminalRequest("e", "echo ready; read x; echo never", kind: .exec))
        do {
            let reply = try supervisor.client.receive()
            _ = try reply.decode(StartProcessReply.self)
            let master = try #require(reply.descriptors.first)
            #expect(String(decoding: try master.fd.read(upTo: 100), as: UTF8.self).hasPrefix("ready"))
        }
        #expect(try supervisor.client.wait("e").signal == SIGHUP)
    }

    @Test func `attaching to what is not there is refused`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "sleep 1000"))
        #expect(throws: Refusal.self) { try attach(supervisor.client, "c", stdin: true) }
        #expect(throws: Refusal.self) { try attach(supervisor.client, "x", stdout: true) }
        let null = OwnedFD(adopting: open("/dev/null", O_RDWR))
        #expect(throws: Refusal.self) {
            try supervisor.client.call(
                .attach, AttachRequest(id: Array("c".utf8), stdin: false, stdout: true, stderr: false), descriptors: [null.rawValue])
        }
        #expect(throws: Refusal.self) { try supervisor.client.call(.resize, ResizeRequest(id: Array("c".utf8), rows: 1, columns: 1)) }
    }

    @Test func `output flows while clients come and go and one never reads`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "sleep 0.2; seq 1 300000", log: supervisor.directory.path + "/0.log"))
        let silent = try attach(supervisor.client, "c", stdout: true)
        for _ in 0..<10 { _ = try attach(supervisor.client, "c", stdout: true) }
        #expect(try supervisor.client.wait("c").code == 0)
        #expect(supervisor.directory.text("0.log").hasSuffix("300000\n"))
        withExtendedLifetime(silent) {}
    }
}
