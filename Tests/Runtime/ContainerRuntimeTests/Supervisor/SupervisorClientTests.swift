import ContainerRuntime
import Dispatch
import Glibc
import LinuxSystem
import SupervisorAPI
import Synchronization
import Testing

/// The daemon's side of the protocol, against the real program.
@Suite(.enabled(if: geteuid() == 0, "starts processes as root does"), .timeLimit(.minutes(2)))
struct SupervisorClientTests {
    private static let program: String = {
        let own = (try? Files.linkTarget("/proc/self/exe")) ?? ""
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/swiftlet-supervisor"
    }()

    /// A run directory, and whatever its supervisor told.
    private final class Pod: Sendable {
        let directory: String
        private let events = Mutex<[SupervisorEvent]>([])

        init() throws {
            var template = Array("/tmp/swiftlet-client-XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        func launch(_ options: SupervisorClient.LaunchOptions = .init()) throws -> SupervisorClient {
            try SupervisorClient.launch(
                executable: try SealedExecutable(path: SupervisorClientTests.program), directory: directory, options: options
            ) { [self] event in
                events.withLock { $0.append(event) }
            }
        }

        func eventually(_ condition: ([SupervisorEvent]) -> Bool) -> Bool {
            let deadline = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < deadline {
                if condition(events.withLock { $0 }) { return true }
                usleep(2_000)
            }
            return false
        }

        deinit {
            try? SupervisorClient.connect(directory: directory).shutdown(force: true)
            for name in (try? Files.names(in: directory + "/exits")) ?? [] { unlink("\(directory)/exits/\(name)") }
            rmdir(directory + "/exits")
            for name in (try? Files.names(in: directory)) ?? [] { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
    }

    private func shell(_ id: String, _ command: String, kind: ProcessKind = .container) throws -> StartRequest {
        var plan = ProcessPlan()
        let streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        plan.setSID()
        for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) }
        plan.exec(arguments: ["sh", "-c", command], environment: ["PATH=/usr/bin:/bin"], candidates: ["/bin/sh"])
        return StartRequest(id: id, kind: kind, plan: try plan.encoded())
    }

    @Test func `a supervisor is launched, started processes end, and everybody learns it`() async throws {
        let pod = try Pod()
        let client = try pod.launch()
        #expect(client.hello.sandboxID == pod.directory.split(separator: "/").last.map(String.init))
        #expect(try Files.readText("/proc/\(client.hello.pid)/cmdline").hasPrefix("swiftlet-supervisor \(client.hello.sandboxID)\0"))
        let started = try client.start(try shell("c", "exit 3"), descriptors: [])
        let exit = try await client.exit(of: "c")
        #expect(exit.exitCode == 3 && exit.pid == started.pid)
        #expect(try client.wait("c", timeout: .seconds(10)) == exit)
        #expect(pod.eventually { $0.contains { if case .exited(exit) = $0 { true } else { false } } })
        #expect(try client.list().map(\.id) == ["c"])
        try client.remove("c")
        #expect(try client.list().isEmpty)
        try client.shutdown(force: false)
        #expect(pod.eventually { $0.contains { if case .gone = $0 { true } else { false } } })
        #expect(throws: SupervisorError.self) { try client.list() }
        #expect(kill(client.hello.pid, 0) != 0 || pod.eventually { _ in kill(client.hello.pid, 0) != 0 }, "no zombie stays")
    }

    @Test func `a second client adopts what the first one left`() async throws {
        let pod = try Pod()
        do {
            let first = try pod.launch()
            _ = try first.start(try shell("c", "sleep 0.2; exit 9"), descriptors: [])
        }
        let second = try SupervisorClient.connect(directory: pod.directory)
        #expect(try second.list().map(\.id) == ["c"])
        #expect(try await second.exit(of: "c").exitCode == 9)
    }

    @Test func `a supervisor that dies fails the waits and says so`() async throws {
        let pod = try Pod()
        let client = try pod.launch()
        _ = try client.start(try shell("c", "sleep 1000"), descriptors: [])
        let waiting = Task { try await client.exit(of: "c") }
        let container = try OwnedFD.process(try client.list()[0].pid)
        kill(client.hello.pid, SIGKILL)
        await #expect(throws: SupervisorError.self) { try await waiting.value }
        #expect(pod.eventually { $0.contains { if case .gone = $0 { true } else { false } } })
        let error = #expect(throws: SupervisorError.self) { try SupervisorClient.connect(directory: pod.directory) }
        guard case .gone = error?.reason else { throw error ?? SupervisorError(operation: "", reason: .malformed) }
        try container.send(signal: SIGKILL)  // this plan has no parent-death signal
    }

    @Test func `refusals keep step, operation and errno`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        var plan = ProcessPlan()
        for name in ["stdin", "stdout", "stderr"] { _ = plan.input(name) }
        plan.changeDirectory("/no/such/directory")
        plan.exec(arguments: ["x"], environment: [], candidates: ["/x"])
        let error = #expect(throws: SupervisorError.self) {
            try client.start(StartRequest(id: "c", kind: .exec, plan: try plan.encoded()), descriptors: [])
        }
        guard case .refused(let refusal) = error?.reason else { throw SupervisorError(operation: "not a refusal", reason: .malformed) }
        #expect(refusal.kind == .spawn && refusal.errno == .noSuchFile && refusal.op == 0)
        #expect(throws: SupervisorError.self) { try client.signal("nobody", SIGTERM) }
    }

    @Test func `a wait has its time`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        _ = try client.start(try shell("c", "sleep 1000"), descriptors: [])
        let error = #expect(throws: SupervisorError.self) { try client.wait("c", timeout: .milliseconds(20)) }
        guard case .timedOut = error?.reason else { throw SupervisorError(operation: "not a time-out", reason: .malformed) }
        try client.killAll("c")
        #expect(try client.wait("c", timeout: .seconds(20)).signal == SIGKILL)
    }

    @Test func `whoever reads, every caller gets its answer and every end is told`() async throws {
        let pod = try Pod()
        let client = try pod.launch()
        let ids = (0..<40).map { "c\($0)" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (code, id) in ids.enumerated() {
                let request = try shell(id, "exit \(code)")
                group.addTask {
                    _ = try client.start(request, descriptors: [])
                    #expect(try client.wait(id, timeout: .seconds(30)).exitCode == Int32(code))
                    #expect(try await client.exit(of: id).exitCode == Int32(code))
                    #expect(throws: SupervisorError.self) { try client.signal("nobody", SIGTERM) }
                    try client.remove(id)
                }
            }
            try await group.waitForAll()
        }
        func told(_ events: [SupervisorEvent]) -> [String] {
            events.compactMap { if case .exited(let exit) = $0 { String(decoding: exit.id, as: UTF8.self) } else { nil } }
        }
        #expect(pod.eventually { told($0).sorted() == ids.sorted() }, "each once")
        #expect(try client.list().isEmpty)
    }

    @Test func `what happens while a caller waits is told meanwhile, and after it by the reader`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        _ = try client.start(try shell("long", "sleep 1000"), descriptors: [])
        let waiter = Thread.start { _ = try? client.wait("long", timeout: .seconds(60)) }
        _ = try client.start(try shell("short", "exit 3"), descriptors: [])
        func hasTold(_ id: String) -> Bool {
            pod.eventually { $0.contains { if case .exited(let exit) = $0 { exit.id == Array(id.utf8) } else { false } } }
        }
        #expect(hasTold("short"))
        try client.killAll("long")
        waiter.join()
        _ = try client.start(try shell("after", "sleep 0.05; exit 4"), descriptors: [])
        #expect(hasTold("after"), "nobody calls: the reader's thread hears it")
        kill(client.hello.pid, SIGKILL)
        #expect(pod.eventually { $0.contains { if case .gone = $0 { true } else { false } } })
    }

    @Test func `a caller learns at once that the supervisor dies`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        _ = try client.start(try shell("c", "sleep 1000"), descriptors: [])
        let container = try OwnedFD.process(try client.list()[0].pid)
        let killer = Thread.start {
            usleep(50_000)
            kill(client.hello.pid, SIGKILL)
        }
        let error = #expect(throws: SupervisorError.self) { try client.wait("c", timeout: .seconds(60)) }
        guard case .gone = error?.reason else { throw error ?? SupervisorError(operation: "", reason: .malformed) }
        killer.join()
        #expect(pod.eventually { $0.contains { if case .gone = $0 { true } else { false } } })
        try container.send(signal: SIGKILL)  // this plan has no parent-death signal
    }

    @Test func `attach gives the caller its own ends`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        var request = try shell("c", "read x; echo got $x")
        request.stdin = .once
        _ = try client.start(request, descriptors: [])
        let attachment = try client.attach("c", stdin: true, stdout: true, stderr: false)
        try attachment.stdin?.fd.writeAll(Array("it\n".utf8))
        #expect(try attachment.stdout.map { String(decoding: try $0.fd.readToEnd(), as: UTF8.self) } == "got it\n")
        #expect(attachment.stderr == nil)
    }

    @Test func `namespaces are made and found again`() throws {
        let pod = try Pod()
        let client = try pod.launch()
        var request = NamespaceRequest()
        request.create = [.network, .ipc, .uts]
        request.hostname = "web"
        request.sysctls = [(name: "net.ipv4.ip_forward", value: "1")]
        let made = try client.createNamespaces(request)
        let again = try SupervisorClient.connect(directory: pod.directory).namespaces()
        #expect(made.network != nil && made.ipc != nil && made.uts != nil && made.user == nil && made.sharedMemory == nil)
        #expect(again.network != nil && again.ipc != nil && again.uts != nil && again.user == nil)
        let error = #expect(throws: SupervisorError.self) { try client.createNamespaces(request) }
        #expect(error?.description.contains("the pod's namespaces exist: File exists") == true)
    }

    @Test func `many threads call at once`() async throws {
        let pod = try Pod()
        let client = try pod.launch()
        let codes = try await withThrowingTaskGroup(of: (Int, Int32).self) { group in
            for index in 0..<64 {
                group.addTask {
                    var request = try self.shell("e\(index)", "exit \(index)", kind: .exec)
                    request.autoRemove = true
                    _ = try client.start(request, descriptors: [])
                    return (index, try await client.exit(of: "e\(index)").exitCode)
                }
            }
            return try await group.reduce(into: [Int: Int32]()) { $0[$1.0] = $1.1 }
        }
        #expect(codes == Dictionary(uniqueKeysWithValues: (0..<64).map { ($0, Int32($0)) }))
        #expect(try client.list().isEmpty)
    }

    @Test func `a launch that cannot work names the reason`() throws {
        let error = #expect(throws: SupervisorError.self) {
            try SupervisorClient.launch(executable: try SealedExecutable(path: Self.program), directory: "/no/such/pod")
        }
        #expect(error?.description == "start supervisor in /no/such/pod: open directory /no/such/pod: No such file or directory")
    }
}

/// A thread that may block, which the tasks of a test may not.
private struct Thread {
    private let ended: DispatchSemaphore

    static func start(_ body: @escaping @Sendable () -> Void) -> Thread {
        let ended = DispatchSemaphore(value: 0)
        DispatchQueue(label: "blocks").async {
            body()
            ended.signal()
        }
        return Thread(ended: ended)
    }

    func join() { ended.wait() }
}
