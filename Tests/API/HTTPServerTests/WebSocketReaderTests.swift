@testable import HTTPServer
import Testing

struct WebSocketReaderTests {
    /// A client's frame.
    private static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D])
        -> [UInt8]
    {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        switch payload.count {
        case ..<126: bytes.append(0x80 | UInt8(payload.count))
        case ..<65536: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    /// The messages in the bytes, which come in pieces of a size.
    private static func messages(_ bytes: [UInt8], pieceBytes: Int) throws -> [[UInt8]] {
        var reader = WebSocketReader()
        var messages: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + pieceBytes, bytes.count)
            reader.append(Array(bytes[start..<end]))
            start = end
            while let event = try reader.next() {
                guard case .data(let part, _, let isStart, _) = event else { continue }
                if isStart { messages.append([]) }
                messages[messages.count - 1] += part
            }
        }
        return messages
    }

    @Test(arguments: [1, 2, 3, 7, 64, 4096, 1 << 20]) func `messages come whole however their bytes come`(pieceBytes: Int) throws {
        let sizes = [0, 1, 5, 125, 126, 127, 1000, 65535, 65536, 70001]
        let payloads = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) } }
        let bytes = payloads.flatMap { Self.frame(2, $0) }
        #expect(try Self.messages(bytes, pieceBytes: pieceBytes) == payloads)
    }

    @Test func `a message in fragments, with a ping in between`() throws {
        let bytes = Self.frame(2, [1, 2], isFinal: false) + Self.frame(9, [9]) + Self.frame(0, [3], isFinal: false) + Self.frame(0, [4])
        var reader = WebSocketReader()
        reader.append(bytes)
        var events: [WebSocketEvent] = []
        while let event = try reader.next() { events.append(event) }
        #expect(
            events == [
                .data([1, 2], isText: false, startsMessage: true, endsMessage: false), .ping([9]),
                .data([3], isText: false, startsMessage: false, endsMessage: false),
                .data([4], isText: false, startsMessage: false, endsMessage: true),
            ])
    }

    @Test(
        arguments: [
            ("not masked", [0x82, 0x01, 0x00]), ("a reserved bit", [0xC2, 0x80, 0, 0, 0, 0]),
            ("an unknown type", [0x83, 0x80, 0, 0, 0, 0]),
            ("a continuation of nothing", [0x80, 0x80, 0, 0, 0, 0]), ("a ping in fragments", [0x09, 0x80, 0, 0, 0, 0]),
            ("a ping of 126 bytes", [0x89, 0xFE, 0x00, 0x7E, 0, 0, 0, 0]),
            ("a length of 2^63", [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("a message within another", [0x02, 0x81, 0, 0, 0, 0, 1, 0x82, 0x81, 0, 0, 0, 0, 1]),
        ] as [(String, [UInt8])])
    func `what is not well formed is refused`(what: String, bytes: [UInt8]) {
        var reader = WebSocketReader()
        reader.append(bytes)
        #expect(throws: WebSocketError.self, "\(what)") { while try reader.next() != nil {} }
    }

    @Test(arguments: [(0, 2), (1, 3), (125, 127), (126, 130), (65535, 65539), (65536, 65546)])
    func `a server's frame says its length in as few bytes as can be`(payload: Int, frame: Int) {
        #expect(WebSocketFrame.bytes(.binary, [UInt8](repeating: 7, count: payload)).count == frame)
        if payload > 0 { #expect(WebSocketFrame.bytes(.binary, prefix: 1, [UInt8](repeating: 7, count: payload - 1)).count == frame) }
    }
}
