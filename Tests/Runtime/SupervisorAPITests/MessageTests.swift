import SupervisorAPI
import Testing

struct MessageTests {
    @Test(arguments: MessageSample.all)
    func `what was written is read back`(sample: MessageSample) throws {
        #expect(try sample.readsBack(sample.bytes))
    }

    @Test(arguments: MessageSample.all)
    func `bytes that a newer peer appends are ignored`(sample: MessageSample) throws {
        #expect(try sample.readsBack(sample.bytes + [1, 2, 3]))
    }

    @Test(arguments: MessageSample.all)
    func `a message cut anywhere is refused`(sample: MessageSample) {
        for count in 0..<sample.bytes.count {
            #expect(throws: MalformedMessage.self) { try sample.readsBack(Array(sample.bytes[..<count])) }
        }
    }

    @Test(arguments: MessageSample.all)
    func `hostile bytes never bring the reader down`(sample: MessageSample) {
        var generator = SeededGenerator(state: 42)
        for _ in 0..<2_000 {
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? sample.readsBack(bytes)
            let noise = (0..<Int.random(in: 0...96, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? sample.readsBack(noise)
        }
    }

    @Test func `numbers are little-endian and lists carry their count`() {
        let bytes = MessageWriter.body(ResizeRequest(id: [0x61], rows: 0x0102, columns: 0x0304))
        #expect(bytes == [1, 0, 0, 0, 0x61, 2, 1, 4, 3])
    }

    @Test(arguments: [
        ("a", true), ("0f3c_9.x-Y", true), (String(repeating: "x", count: 128), true), ("", false), (".hidden", false),
        ("-flag", false), ("a/b", false), ("..", false), ("a b", false), ("ä", false), (String(repeating: "x", count: 129), false),
    ])
    func `an id names a file and nothing else`(id: String, isValid: Bool) {
        #expect(ProcessID.isValid(Array(id.utf8)) == isValid)
        var reader = MessageReader(MessageWriter.body(ProcessRequest(id: Array(id.utf8))))
        let read = try? reader.processID()
        #expect((read != nil) == isValid)
    }

    @Test func `a count that lies makes nobody allocate`() {
        var writer = MessageWriter()
        writer.putCount(0xffff)
        var reader = MessageReader(writer.bytes)
        #expect(throws: MalformedMessage.cut) { try ListReply(from: &reader) }
    }

    @Test func `values out of range are refused`() {
        func reading<Body: MessageBody>(_ body: Body) throws -> Body {
            var reader = MessageReader(MessageWriter.body(body))
            return try Body(from: &reader)
        }
        let id = Array("a".utf8)
        #expect(throws: MalformedMessage.badValue) { try reading(SignalRequest(id: id, signal: 0)) }
        #expect(throws: MalformedMessage.badValue) { try reading(SignalRequest(id: id, signal: 65)) }
        #expect(throws: MalformedMessage.badValue) { try reading(AttachRequest(id: id, stdin: false, stdout: false, stderr: false)) }
        #expect(throws: MalformedMessage.badValue) {
            try reading(StartProcessRequest(id: id, kind: .exec, output: .descriptors, terminal: true, plan: []))
        }
        #expect(throws: MalformedMessage.badValue) {
            try reading(
                StartProcessRequest(
                    id: id, kind: .exec, output: .log(LogTarget(path: Array("l".utf8), maxSizeBytes: 0, maxFiles: 0)), plan: []))
        }
        #expect(throws: MalformedMessage.badValue) {
            try reading(
                StartProcessRequest(
                    id: id, kind: .exec, output: .log(LogTarget(path: [0x2f, 0, 0x61], maxSizeBytes: 0, maxFiles: 0)), plan: []))
        }
        #expect(throws: MalformedMessage.badValue) { try reading(CreateNamespacesRequest(create: .sharedMemory)) }
        #expect(throws: MalformedMessage.badValue) { try reading(CreateNamespacesRequest(create: .network, passed: .network)) }
    }
}
