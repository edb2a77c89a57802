import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

/// The program itself, with processes that are only shell commands.
@Suite(.enabled(if: geteuid() == 0, "starts processes as root does"), .timeLimit(.minutes(2)))
struct SupervisorLifeTests {
    @Test(arguments: [
        ("exit 0", Int32(0), Int32(0)), ("exit 3", 3, 0), ("exit 255", 255, 0), ("kill -TERM $$", 0, SIGTERM),
        ("kill -KILL $$", 0, SIGKILL),
    ])
    func `an exit is answered, recorded and told`(command: String, code: Int32, signal: Int32) throws {
        let supervisor = try SupervisorProcess()
        let observer = try supervisor.connect()
        try observer.call(.subscribe, EmptyBody())
        let started = try supervisor.client.start(try .shell("c", command))
        let exit = try supervisor.client.wait("c")
        #expect(exit.code == code && exit.signal == signal && exit.pid == started.pid && !exit.timedOut)
        #expect(exit.startedAtNanoseconds == started.startedAtNanoseconds && exit.exitedAtNanoseconds >= exit.startedAtNanoseconds)
        #expect(try supervisor.record("c") == exit)
        #expect(try observer.receive().decode(ProcessExit.self) == exit)
        #expect(try supervisor.client.list().map(\.exit) == [exit])
        try supervisor.client.call(.remove, ProcessRequest(id: Array("c".utf8)))
        #expect(try supervisor.client.list().isEmpty)
        #expect(throws: SystemError.self) { try supervisor.record("c") }
    }

    /// A disk that refuses the record: a directory stands where the file is to be.
    @Test func `an exit that cannot be recorded is held back, then told as such, and recorded when it can be`() throws {
        let supervisor = try SupervisorProcess()
        let observer = try supervisor.connect()
        try observer.call(.subscribe, EmptyBody())
        let path = "\(supervisor.directory.path)/exits/c"
        let signal = "\(supervisor.directory.path)/go"
        let started = try supervisor.client.start(try .shell("c", "while [ ! -e \(signal) ]; do sleep 0.02; done; exit 3"))
        try LinuxSystem.Files.makeDirectories("\(path)/obstacle")
        try LinuxSystem.Files.replace(signal, with: [])
        while kill(started.pid, 0) == 0 { usleep(10_000) }
        #expect(try supervisor.client.list().map(\.exit) == [nil], "nobody is told what is not on disk")
        let failure = try observer.receive()
        #expect(failure.header.type == .recordFailed)
        #expect(try failure.decode(RecordFailure.self) == RecordFailure(id: Array("c".utf8), errorNumber: EISDIR))
        let told = try observer.receive()
        #expect(told.header.type == .processExited)
        let exit = try told.decode(ProcessExit.self)
        #expect(exit.code == 3)
        #expect(try supervisor.client.wait("c") == exit)
        #expect(rmdir("\(path)/obstacle") == 0 && rmdir(path) == 0)
        let mended = try observer.receive()
        #expect(mended.header.type == .recordFailed)
        #expect(try mended.decode(RecordFailure.self).errorNumber == 0)
        #expect(try supervisor.record("c") == exit)
        #expect(throws: TestClient.Failure.self, "it is told once") { try observer.receive(within: .milliseconds(50)) }
    }

    @Test func `the log is complete when the exit is told`() throws {
        let supervisor = try SupervisorProcess()
        let log = supervisor.directory.path + "/0.log"
        try supervisor.client.start(try .shell("c", "seq 1 20000; echo error >&2; printf tail", log: log))
        _ = try supervisor.client.wait("c")
        let entries = withoutTimes(supervisor.directory.text("0.log"))
        #expect(entries.filter { $0.hasPrefix("stdout F ") } == (1...20_000).map { "stdout F \($0)" })
        #expect(entries.filter { $0.hasPrefix("stderr") } == ["stderr F error"])
        #expect(entries.filter { $0.hasPrefix("stdout P") } == ["stdout P tail"])
    }

    @Test func `what a start refuses is named`() throws {
        let client = try SupervisorProcess().client
        var plan = ProcessPlan()
        for name in ["stdin", "stdout", "stderr"] { _ = plan.input(name) }
        plan.exec(arguments: ["x"], environment: [], candidates: ["/no/such/program"])
        var request = StartProcessRequest(id: Array("c".utf8), kind: .exec, output: .discard, plan: try plan.encoded())
        let spawn = #expect(throws: Refusal.self) { try client.start(request) }
        #expect(spawn?.kind == .spawn && spawn?.errorNumber == ENOENT && spawn?.operation == 0)
        request.plan = [1, 2, 3]
        let malformed = #expect(throws: Refusal.self) { try client.start(request) }
        #expect(malformed?.kind == .spawn && malformed?.errorNumber == EINVAL)
        request.output = .log(LogTarget(path: Array("/no/such/directory/0.log".utf8), maxSizeBytes: 0, maxFiles: 0))
        let log = #expect(throws: Refusal.self) { try client.start(request) }
        #expect(log.map { String(decoding: $0.detail, as: UTF8.self) } == "open log /no/such/directory/0.log")
        #expect(try client.list().isEmpty)
    }

    @Test func `an id can be used once, and again when it was removed`() throws {
        let client = try SupervisorProcess().client
        try client.start(try .shell("c", "sleep 100"))
        #expect(throws: Refusal(.exists, errorNumber: EEXIST, detail: Array("process c exists".utf8))) {
            try client.start(try .shell("c", "true"))
        }
        #expect(throws: Refusal(.busy, errorNumber: EBUSY, detail: Array("process c runs".utf8))) {
            try client.call(.remove, ProcessRequest(id: Array("c".utf8)))
        }
        try client.call(.signal, SignalRequest(id: Array("c".utf8), signal: SIGKILL))
        #expect(try client.wait("c").signal == SIGKILL)
        try client.call(.remove, ProcessRequest(id: Array("c".utf8)))
        try client.start(try .shell("c", "exit 4"))
        #expect(try client.wait("c").code == 4)
        #expect(throws: Refusal(.notFound, errorNumber: ESRCH, detail: Array("no process x".utf8))) { try client.wait("x") }
    }

    @Test func `an exec that takes too long is killed with its children`() throws {
        let supervisor = try SupervisorProcess()
        var request = try StartProcessRequest.shell("e", "sleep 1000 & sleep 1000", kind: .exec)
        request.timeoutNanoseconds = 50_000_000
        request.removedAfterWait = true
        let started = try supervisor.client.start(request)
        let exit = try supervisor.client.wait("e")
        #expect(exit.timedOut && exit.signal == SIGKILL)
        #expect(eventually { kill(-started.pid, 0) != 0 }, "nobody of its group is left")
        #expect(try supervisor.client.list().isEmpty)
        #expect(throws: SystemError.self) { try supervisor.record("e") }
    }

    @Test func `killAll ends the whole group`() throws {
        let client = try SupervisorProcess().client
        let started = try client.start(try .shell("c", "sleep 1000 & sleep 1000"))
        try client.call(.killAll, ProcessRequest(id: Array("c".utf8)))
        #expect(try client.wait("c").signal == SIGKILL)
        #expect(eventually { kill(-started.pid, 0) != 0 })
    }

    @Test func `an exec writes to descriptors of its caller`() throws {
        let supervisor = try SupervisorProcess()
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let null = open("/dev/null", O_RDWR)
        var request = try StartProcessRequest.shell("e", "echo out; echo err >&2", kind: .exec)
        request.output = .descriptors
        try supervisor.client.start(request, descriptors: [null, ends[1], ends[1]])
        for fd in [null, ends[1]] { close(fd) }
        let output = try OwnedFD(adopting: ends[0]).readToEnd()
        #expect(String(decoding: output, as: UTF8.self) == "out\nerr\n")
        _ = try supervisor.client.wait("e")
    }

    @Test func `orphans are reaped`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "(sleep 0.05 & ) ; (sleep 0.05 & )"))
        _ = try supervisor.client.wait("c")
        let children = "/proc/\(supervisor.pid)/task/\(supervisor.pid)/children"
        #expect(eventually { (try? LinuxSystem.Files.readText(children))?.isEmpty == true })
    }

    @Test func `the program's signals are what it expects`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "grep -E 'Sig(Blk|Ign)' /proc/self/status", log: supervisor.directory.path + "/0.log"))
        _ = try supervisor.client.wait("c")
        #expect(
            withoutTimes(supervisor.directory.text("0.log")) == [
                "stdout F SigBlk:\t0000000000000000", "stdout F SigIgn:\t0000000000000000",
            ])
    }

    @Test func `two hundred at once all come back with their codes`() throws {
        let supervisor = try SupervisorProcess()
        let client = supervisor.client
        let before = supervisor.openDescriptors
        var codes: [UInt32: Int32] = [:]
        for index in 0..<200 {
            var request = try StartProcessRequest.shell("e\(index)", "exit \(index % 128)", kind: .exec)
            request.removedAfterWait = true
            try client.send(.startProcess, request, requestID: UInt32(index))
            try client.send(.wait, ProcessRequest(id: request.id), requestID: UInt32(1000 + index))
        }
        for _ in 0..<400 {
            let reply = try client.receive()
            if reply.header.requestID >= 1000 {
                codes[reply.header.requestID - 1000] = try reply.decode(ProcessExit.self).code
            } else {
                _ = try reply.decode(StartProcessReply.self)
            }
        }
        #expect(codes == Dictionary(uniqueKeysWithValues: (0..<200).map { (UInt32($0), Int32($0 % 128)) }))
        #expect(try client.list().isEmpty)
        #expect(supervisor.openDescriptors == before)
    }

    @Test func `shutdown waits for nobody who runs, unless it is forced`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "sleep 1000"))
        #expect(throws: Refusal(.busy, errorNumber: EBUSY, detail: Array("processes run".utf8))) {
            try supervisor.client.call(.shutdown, ShutdownRequest(force: false))
        }
        try supervisor.client.call(.shutdown, ShutdownRequest(force: true))
        #expect(try supervisor.pidfd.fd.waitForExit() == .exited(0))
        #expect(try supervisor.record("c").signal == SIGKILL)
        #expect(supervisor.directory.names == ["exits"])
    }

    @Test func `SIGTERM is a forced shutdown`() throws {
        let supervisor = try SupervisorProcess()
        try supervisor.client.start(try .shell("c", "trap '' TERM; sleep 1000"))
        try supervisor.pidfd.fd.send(signal: SIGTERM)
        #expect(try supervisor.pidfd.fd.waitForExit() == .exited(0))
        #expect(try supervisor.record("c").signal == SIGKILL)
    }

    @Test func `a killed supervisor takes its containers with it`() throws {
        let supervisor = try SupervisorProcess()
        let started = try supervisor.client.start(try .shell("c", "sleep 1000"))
        let container = try OwnedFD.process(started.pid)
        try supervisor.pidfd.fd.send(signal: SIGKILL)
        let events = try poll([(fd: container.rawValue, events: .readable)], timeout: .seconds(20))
        #expect(events.first?.contains(.readable) == true)
    }

    @Test func `a start that fails says so on the starter's socket`() throws {
        let executable = try SealedExecutable(path: SupervisorProcess.program)
        let pair = try UnixSocket.pair(.packets)
        let launched = try launch(
            executable: executable.descriptor, arguments: ["swiftlet-supervisor", "/no/such/directory"], environment: [],
            descriptors: [(from: pair.other.rawValue, to: 3)])
        let refusal = #expect(throws: Refusal.self) { try TestClient(try pair.one.duplicate()).receive().decode(EmptyBody.self) }
        #expect(refusal?.errorNumber == ENOENT)
        #expect(refusal.map { String(decoding: $0.detail, as: UTF8.self) } == "open directory /no/such/directory")
        #expect(try launched.pidfd.waitForExit() == .exited(1))
    }
}
