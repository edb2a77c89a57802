import APIMachinery
@testable import HTTPServer
import Testing

struct SPDYFrameTests {
    /// What a reader says of bytes that come in pieces of a size.
    private static func inputs(_ bytes: [UInt8], pieceBytes: Int) throws -> [String] {
        var reader = SPDYReader()
        var inputs: [String] = []
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            reader.append(Array(bytes[start..<min(start + pieceBytes, bytes.count)]))
            while let input = try reader.next() { inputs.append(text(input)) }
        }
        return inputs
    }

    private static func text(_ input: SPDYInput) -> String {
        switch input {
        case .stream(let id, let isFinal, let headers):
            "stream \(id)\(isFinal ? " final" : "") \(headers.map { "\($0.name)=\($0.value)" }.joined(separator: ","))"
        case .data(let id, let bytes, let isFinal): "data \(id) \(bytes.count)\(isFinal ? " final" : "")"
        case .reset(let id): "reset \(id)"
        case .ping(let id): "ping \(id)"
        case .goAway: "goaway"
        }
    }

    private static func open(_ id: UInt32, _ fields: [(String, String)], isFinal: Bool = false, _ writer: SPDYHeaderWriter) -> [UInt8] {
        let block = writer.write(fields.map { (name: $0.0, value: $0.1) })
        let body = SPDYFrame.number(id) + SPDYFrame.number(0) + [0, 0] + block
        return SPDYFrame.number(0x8003_0001) + SPDYFrame.number(UInt32(body.count) | (isFinal ? 1 << 24 : 0)) + body
    }

    /// Bytes of a connection's beginning as kubectl 1.27 sends it for `exec`: the dictionary and the format are the ones that Go's client has.
    @Test func `the dictionary is that of SPDY 3`() {
        #expect(SPDYDictionary.bytes.count == 1423)
        // The header of a zlib stream with a dictionary names the dictionary's checksum (RFC 1950, 2.2).
        #expect(Array(SPDYHeaderWriter().write([]).dropFirst(2).prefix(4)) == [0xE3, 0xC6, 0xA7, 0xC2])
    }

    @Test(arguments: [1, 3, 8, 9, 100, 100_000]) func `frames come whole however their bytes come`(pieceBytes: Int) throws {
        let writer = SPDYHeaderWriter()
        let bytes =
            Self.open(1, [("streamtype", "error")], writer)
            + Self.open(3, [("streamtype", "data"), ("port", "8080")], isFinal: true, writer)
            + SPDYFrame.ping(1) + SPDYFrame.reset(3, status: 5) + SPDYFrame.goAway(lastStream: 3)
        #expect(
            try Self.inputs(bytes, pieceBytes: pieceBytes) == [
                "stream 1 streamtype=error", "stream 3 final streamtype=data,port=8080", "ping 1", "reset 3", "goaway",
            ])
    }

    @Test(
        arguments: [
            (SPDYFrame.data(5, [1, 2, 3]), ["data 5 3"]), (SPDYFrame.data(5, [1], isFinal: true), ["data 5 1 final"]),
            (SPDYFrame.data(5, [], isFinal: true), ["data 5 0 final"]), (SPDYFrame.data(5, []), []),
            // Settings, a window and an unknown frame change nothing.
            (SPDYFrame.number(0x8003_0004) + SPDYFrame.number(4) + SPDYFrame.number(0), []),
            (SPDYFrame.number(0x8003_0009) + SPDYFrame.number(8) + SPDYFrame.number(1) + SPDYFrame.number(9), []),
            (SPDYFrame.number(0x8003_0063) + SPDYFrame.number(0), []),
        ] as [([UInt8], [String])])
    func `one frame`(bytes: [UInt8], expected: [String]) throws {
        #expect(try Self.inputs(bytes, pieceBytes: bytes.count) == expected)
    }

    @Test(
        arguments: [
            ("another version", SPDYFrame.number(0x8002_0001) + SPDYFrame.number(0)),
            ("a control frame too long", SPDYFrame.number(0x8003_0001) + SPDYFrame.number(0x00FF_FFFF)),
            ("a stream without a number", SPDYFrame.number(0x8003_0001) + SPDYFrame.number(2) + [0, 0]),
            ("headers that are no zlib", SPDYFrame.number(0x8003_0001) + SPDYFrame.number(14) + [UInt8](repeating: 1, count: 14)),
        ] as [(String, [UInt8])])
    func `what is not well formed is refused`(what: String, bytes: [UInt8]) {
        #expect(throws: SPDYError.self, "\(what)") { _ = try Self.inputs(bytes, pieceBytes: bytes.count) }
    }

    @Test func `an inbox holds its writer up while it is full`() async {
        let inbox = BoundedInbox(bytesMax: 10)
        await inbox.append([1, 2, 3])
        let writer = Task {
            await inbox.append([UInt8](repeating: 4, count: 10))
            inbox.end()
        }
        #expect(await inbox.next() == [1, 2, 3])
        #expect(await inbox.next() == [UInt8](repeating: 4, count: 10))
        await writer.value
        #expect(await inbox.next() == nil)
    }

    @Test func `a stream that was broken off holds nobody up`() async {
        let inbox = BoundedInbox(bytesMax: 1)
        let writer = Task { await inbox.append([1, 2, 3]) }
        inbox.abandon()
        await writer.value
        #expect(await inbox.next() == nil)
    }
}
