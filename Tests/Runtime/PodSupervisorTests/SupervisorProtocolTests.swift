import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

/// Clients that come, go, die, and send what they should not.
@Suite(.enabled(if: geteuid() == 0, "starts processes as root does"), .timeLimit(.minutes(2)))
struct SupervisorProtocolTests {
    @Test func `a client that comes later finds everything`() throws {
        let supervisor = try SupervisorProcess()
        do {
            let first = try supervisor.connect()
            try first.start(try .shell("c", "sleep 0.2; exit 7", log: supervisor.directory.path + "/0.log"))
            try first.start(try .shell("d", "exit 8"))
        }
        let second = try supervisor.connect()
        #expect(try second.list().map { String(decoding: $0.id, as: UTF8.self) } == ["c", "d"])
        #expect(try second.wait("c").code == 7)
        #expect(try second.wait("d").code == 8)
    }

    @Test func `an exec whose client is gone is forgotten when it ends`() throws {
        let supervisor = try SupervisorProcess()
        do {
            var request = try StartProcessRequest.shell("e", "sleep 0.1", kind: .exec)
            request.removedAfterWait = true
            try supervisor.connect().start(request)
        }
        #expect(try eventually { try supervisor.client.list().isEmpty })
    }

    @Test func `two waiters and a subscriber are all told`() throws {
        let supervisor = try SupervisorProcess()
        let clients = try (0..<3).map { _ in try supervisor.connect() }
        try clients[2].call(.subscribe, EmptyBody())
        try supervisor.client.start(try .shell("c", "read x; exit 5"))  // /dev/null: ends at once, but after the waits or before them alike
        for client in clients[..<2] { try client.send(.wait, ProcessRequest(id: Array("c".utf8))) }
        for client in clients { #expect(try client.receive().decode(ProcessExit.self).code == 5) }
    }

    @Test func `nothing is answered before hello`() throws {
        let supervisor = try SupervisorProcess()
        let client = TestClient(try UnixSocket.connect(supervisor.directory.path + "/supervisor.sock", .packets))
        #expect(throws: Refusal.self) { try client.list() }
        try client.hello()
        #expect(try client.list().isEmpty)
    }

    @Test func `a version that is not spoken is refused by numbers`() throws {
        let supervisor = try SupervisorProcess()
        let refusal = #expect(throws: Refusal.self) {
            try supervisor.client.call(.hello, HelloRequest(minimumVersion: 100, maximumVersion: 200), HelloReply.self)
        }
        #expect(refusal?.kind == .unsupported)
        #expect(refusal.map { String(decoding: $0.detail, as: UTF8.self) } == "protocol versions 100 to 200; this supervisor speaks 1 to 1")
    }

    @Test func `an unknown request is refused, and the connection goes on`() throws {
        let client = try SupervisorProcess().client
        let refusal = #expect(throws: Refusal.self) { try client.call(MessageType(rawValue: 999), EmptyBody()) }
        #expect(refusal?.kind == .unsupported)
        #expect(try client.list().isEmpty)
    }

    @Test func `what is no packet ends only its own connection`() throws {
        let supervisor = try SupervisorProcess()
        for bytes in [[0], [UInt8](repeating: 0xff, count: 20), [UInt8](repeating: 0, count: 60_000)] as [[UInt8]] {
            let client = try supervisor.connect()
            try client.send(raw: bytes)
            #expect(throws: Refusal.self) { try client.receive().decode(EmptyBody.self) }
            #expect(throws: TestClient.Failure.closed) { try client.receive() }
        }
        #expect(try supervisor.client.list().isEmpty)
    }

    @Test func `hostile packets and descriptors leave it alive and without leaks`() throws {
        let supervisor = try SupervisorProcess()
        let null = OwnedFD(adopting: open("/dev/null", O_RDWR))
        let before = supervisor.openDescriptors
        var generator = SystemRandomNumberGenerator()
        let valid = MessageWriter.body(try StartProcessRequest.shell("x", "true"))
        for round in 0..<300 {
            let client = try supervisor.connect()
            var body = valid
            for _ in 0..<8 { body[Int.random(in: 0..<body.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
            if round % 3 == 0 { body = Array(body[..<Int.random(in: 0..<body.count, using: &generator)]) }
            let type = MessageType(rawValue: UInt16.random(in: 2...15, using: &generator))
            let count = Int.random(in: 0...4, using: &generator)
            let claimed = round % 5 == 0 ? count + 1 : count
            let header = MessageHeader(
                type: type, requestID: 1, length: UInt32(body.count), bodyInMemoryFile: false, descriptors: UInt16(claimed))
            try client.send(raw: header.encoded() + body, descriptors: [CInt](repeating: null.rawValue, count: count))
            if type != .wait || claimed != count { _ = try? client.receive(within: .seconds(5)) }
        }
        for process in try supervisor.client.list() where process.exit == nil { kill(process.pid, SIGKILL) }
        #expect(
            try eventually {
                for process in try supervisor.client.list() { _ = try? supervisor.client.call(.remove, ProcessRequest(id: process.id)) }
                return try supervisor.client.list().isEmpty && supervisor.openDescriptors == before
            })
    }

    @Test func `a request over 64 KiB comes in a memory file`() throws {
        let supervisor = try SupervisorProcess()
        let text = String(repeating: "x", count: 100_000)
        var request = try StartProcessRequest.shell("c", "test ${#TEXT} = 100000")
        var plan = ProcessPlan()
        for name in ["stdin", "stdout", "stderr"] { _ = plan.input(name) }
        plan.exec(arguments: ["sh", "-c", "test ${#TEXT} = 100000"], environment: ["TEXT=\(text)"], candidates: ["/bin/sh"])
        request.plan = try plan.encoded()
        try supervisor.client.start(request)
        #expect(try supervisor.client.wait("c").code == 0)
    }

    @Test func `a long list comes in a memory file`() throws {
        let supervisor = try SupervisorProcess()
        let ids = (0..<600).map { "\($0)-" + String(repeating: "x", count: 120) }
        for id in ids { try supervisor.client.start(try .shell(id, "exit 0", kind: .exec)) }
        for id in ids { _ = try supervisor.client.wait(id) }
        #expect(try supervisor.client.list().map { String(decoding: $0.id, as: UTF8.self) } == ids)
    }

    @Test func `a subscriber that does not read is let go`() throws {
        let supervisor = try SupervisorProcess()
        let idle = try supervisor.connect()
        try idle.call(.subscribe, EmptyBody())
        for index in 0..<1_800 {
            var request = try StartProcessRequest.shell("e\(index)", "exit 0", kind: .exec)
            request.removedAfterWait = true
            try supervisor.client.start(request)
            _ = try supervisor.client.wait("e\(index)")
        }
        var count = 0
        #expect(throws: TestClient.Failure.closed) {
            while true {
                _ = try idle.receive()
                count += 1
            }
        }
        #expect(count < 1_800)
    }

    @Test func `the socket is root's alone`() throws {
        let supervisor = try SupervisorProcess()
        var status = stat()
        try #require(stat(supervisor.directory.path + "/supervisor.sock", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `another user is turned away even where the file lets it in`() throws {
        let supervisor = try SupervisorProcess()
        chmod(supervisor.directory.path, 0o755)
        chmod(supervisor.directory.path + "/supervisor.sock", 0o666)
        var plan = ProcessPlan()
        for name in ["stdin", "stdout", "stderr"] { _ = plan.input(name) }
        plan.uid(65_534)
        let script =
            "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\ns.connect(sys.argv[1])\nsys.exit(0 if s.recv(1)==b'' else 1)"
        plan.exec(
            arguments: ["python3", "-c", script, supervisor.directory.path + "/supervisor.sock"], environment: [],
            candidates: ["/usr/bin/python3"])
        let request = StartProcessRequest(id: Array("c".utf8), kind: .exec, output: .discard, plan: try plan.encoded())
        try supervisor.client.start(request)
        #expect(try supervisor.client.wait("c").code == 0)
    }
}
