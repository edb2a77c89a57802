import SupervisorAPI
import Testing

struct HeaderTests {
    private static let header = MessageHeader(version: 7, type: .startProcess, requestID: 0xdead_beef, length: 3, descriptors: 2)

    private func read(_ bytes: [UInt8]) throws -> (MessageHeader, Int) {
        var reader = MessageReader(bytes)
        let header = try MessageHeader(from: &reader)
        return (header, reader.remaining)
    }

    @Test func `a header has 20 bytes and is read back`() throws {
        let bytes = Self.header.encoded()
        #expect(bytes.count == MessageHeader.size)
        let (header, remaining) = try read(bytes + [1, 2, 3])
        #expect(header == Self.header)
        #expect(remaining == 3)
    }

    @Test func `a body in a memory file leaves the packet empty`() throws {
        var header = Self.header
        header.bodyInMemoryFile = true
        #expect(try read(header.encoded()).0 == header)
        #expect(throws: MalformedMessage.wrongLength) { try read(header.encoded() + [1, 2, 3]) }
        header.descriptors = 0
        #expect(throws: MalformedMessage.wrongLength) { try read(header.encoded()) }
    }

    @Test(arguments: [
        (0, UInt8(0), MalformedMessage.notAMessage), (12, 4, .wrongLength), (15, 0xff, .tooLong), (16, 2, .unknownFlags),
        (17, 1, .unknownFlags),
    ])
    func `a wrong header is refused`(offset: Int, value: UInt8, expected: MalformedMessage) {
        var bytes = Self.header.encoded() + [1, 2, 3]
        bytes[offset] = value
        #expect(throws: expected) { try read(bytes) }
    }

    @Test func `a cut header is refused`() {
        let bytes = Self.header.encoded()
        for count in 0..<bytes.count {
            #expect(throws: MalformedMessage.self) { try read(Array(bytes[..<count])) }
        }
    }

    @Test(arguments: [
        (UInt16(1), UInt16(1), UInt16?(1)), (1, 9, SupervisorVersion.newest), (0, 0, nil), (UInt16.max, UInt16.max, nil), (5, 1, nil),
    ])
    func `the newest common version is taken`(minimum: UInt16, maximum: UInt16, expected: UInt16?) {
        #expect(SupervisorVersion.common(minimum: minimum, maximum: maximum) == expected)
    }

    @Test func `replies differ from requests, events and refusals`() {
        #expect(MessageType.hello.reply.rawValue == 0x8001)
        #expect(MessageType.shutdown.reply != .refusal)
        #expect(MessageType.processExited.reply != .processExited)
    }
}
