import Glibc
import LinuxSystem
import SupervisorAPI
import Testing

/// The life of a supervisor: it is killed when neither test nor client holds it any more.
final class SupervisorLife: Sendable {
    let directory: TemporaryDirectory
    let pid: Int32
    let pidfd: DescriptorBox

    init(directory: TemporaryDirectory, launched: consuming Launched) throws {
        self.directory = directory
        pid = launched.pid
        pidfd = DescriptorBox(try launched.pidfd.duplicate())
    }

    deinit {
        try? pidfd.fd.send(signal: SIGKILL)
        _ = try? pidfd.fd.waitForExit()
    }
}

/// A real supervisor in a directory of its own.
final class SupervisorProcess: Sendable {
    private let life: SupervisorLife
    var directory: TemporaryDirectory { life.directory }
    var pid: Int32 { life.pid }
    var pidfd: DescriptorBox { life.pidfd }
    /// The first connection, made at the start.
    let client: TestClient

    /// The program that was built beside the tests.
    static let program: String = {
        let own = (try? LinuxSystem.Files.linkTarget("/proc/self/exe")) ?? ""
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/swiftlet-supervisor"
    }()

    init(arguments: [String] = [], in directory: TemporaryDirectory? = nil) throws {
        let directory = try directory ?? TemporaryDirectory()
        let executable = try SealedExecutable(path: Self.program)
        let pair = try UnixSocket.pair(.packets)
        let launched = try LinuxSystem.launch(
            executable: executable.descriptor, arguments: ["swiftlet-supervisor", directory.path] + arguments, environment: [],
            descriptors: [(from: pair.other.rawValue, to: 3)])
        life = try SupervisorLife(directory: directory, launched: launched)
        client = TestClient(try pair.one.duplicate(), of: life)
        try client.hello()
    }

    func connect() throws -> TestClient {
        let client = TestClient(try UnixSocket.connect(directory.path + "/supervisor.sock", .packets), of: life)
        try client.hello()
        return client
    }

    func record(_ id: String) throws -> ProcessExit {
        try ExitRecord(decoding: try LinuxSystem.Files.read("\(directory.path)/exits/\(id)")).exit
    }

    var openDescriptors: Int { ((try? LinuxSystem.Files.names(in: "/proc/\(pid)/fd")) ?? []).count }
}

/// Speaks the protocol packet by packet, right or wrong.
final class TestClient: Sendable {
    struct Reply: Sendable {
        var header: MessageHeader
        var body: MessageReader
        var descriptors: [DescriptorBox]

        func decode<Body: MessageBody>(_ type: Body.Type) throws -> Body {
            var reader = body
            if header.type == .refusal { throw try Refusal(from: &reader) }
            return try Body(from: &reader)
        }
    }

    enum Failure: Error { case timedOut, closed }

    let socket: OwnedFD
    private let life: SupervisorLife?

    init(_ socket: consuming OwnedFD, of life: SupervisorLife? = nil) {
        self.socket = socket
        self.life = life
    }

    func hello() throws {
        let reply = try call(.hello, HelloRequest(), HelloReply.self)
        #expect(reply.version == SupervisorVersion.newest)
    }

    func send(raw bytes: [UInt8], descriptors: [CInt] = []) throws { try socket.send(bytes, descriptors: descriptors) }

    func send<Body: MessageBody>(_ type: MessageType, _ body: Body, requestID: UInt32 = 1, descriptors: [CInt] = []) throws {
        let content = MessageWriter.body(body)
        var header = MessageHeader(type: type, requestID: requestID, length: UInt32(content.count), descriptors: UInt16(descriptors.count))
        guard content.count > MessageHeader.inlineBodyLimit else {
            return try send(raw: header.encoded() + content, descriptors: descriptors)
        }
        let file = try MemoryFile.make(content, name: "test")
        header.bodyInMemoryFile = true
        header.descriptors += 1
        try send(raw: header.encoded(), descriptors: [file.rawValue] + descriptors)
    }

    /// The next packet of any kind. Nothing in these tests takes 20 s; it is the limit of a hang.
    func receive(within timeout: Duration = .seconds(20)) throws -> Reply {
        guard let events = try poll([(fd: socket.rawValue, events: .readable)], timeout: timeout).first, !events.isEmpty else {
            throw Failure.timedOut
        }
        let message = try socket.receive(upTo: 128 << 10, descriptors: 16)
        if message.bytes.isEmpty { throw Failure.closed }
        var reader = MessageReader(message.bytes)
        let header = try MessageHeader(from: &reader)
        guard header.bodyInMemoryFile else { return Reply(header: header, body: reader, descriptors: message.descriptors) }
        var content = [UInt8](repeating: 0, count: Int(header.length))
        #expect(pread(message.descriptors[0].fd.rawValue, &content, content.count, 0) == content.count)
        return Reply(header: header, body: MessageReader(content), descriptors: Array(message.descriptors.dropFirst()))
    }

    @discardableResult
    func call<Body: MessageBody, Answer: MessageBody>(
        _ type: MessageType, _ body: Body, _ answer: Answer.Type = EmptyBody.self, descriptors: [CInt] = []
    ) throws -> Answer {
        try send(type, body, descriptors: descriptors)
        return try receive().decode(answer)
    }

    @discardableResult
    func start(_ request: StartProcessRequest, descriptors: [CInt] = []) throws -> StartProcessReply {
        try call(.startProcess, request, StartProcessReply.self, descriptors: descriptors)
    }

    func wait(_ id: String) throws -> ProcessExit { try call(.wait, ProcessRequest(id: Array(id.utf8)), ProcessExit.self) }
    func list() throws -> [SupervisorAPI.ProcessStatus] { try call(.list, EmptyBody(), ListReply.self).processes }
}

extension StartProcessRequest {
    /// A shell command in the test's own namespaces.
    static func shell(_ id: String, _ command: String, kind: ProcessKind = .container, log: String? = nil, inputs: Int = 0) throws
        -> StartProcessRequest
    {
        var plan = ProcessPlan()
        for index in 0..<inputs { _ = plan.input("input \(index)") }
        let streams = ["stdin", "stdout", "stderr"].map { plan.input($0) }
        plan.setSID()
        plan.parentDeathSignal(SIGKILL)
        for (number, slot) in streams.enumerated() { plan.duplicate(slot, onto: CInt(number)) }
        plan.exec(arguments: ["sh", "-c", command], environment: ["PATH=/usr/bin:/bin"], candidates: ["/bin/sh"])
        let output = log.map { OutputTarget.log(LogTarget(path: Array($0.utf8), maxSizeBytes: 0, maxFiles: 0)) } ?? .discard
        return StartProcessRequest(id: Array(id.utf8), kind: kind, output: output, plan: try plan.encoded())
    }
}

func eventually(within limit: Duration = .seconds(20), _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(2_000)
    }
    return try condition()
}
