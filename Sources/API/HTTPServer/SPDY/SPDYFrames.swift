/// What a client of SPDY/3.1 sends that matters to a server (draft-mbelshe-httpbis-spdy-00, 2.2 and 2.6).
enum SPDYInput {
    case stream(UInt32, isFinal: Bool, headers: [(name: String, value: String)])
    /// Of a data frame what has come; final with the last byte of a frame that says so.
    case data(UInt32, [UInt8], isFinal: Bool)
    case reset(UInt32)
    case ping(UInt32)
    case goAway
}

package struct SPDYError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = "SPDY: \(description)" }
}

/// Cuts bytes from a client into frames. Frames that change nothing for a server without flow control are passed over.
struct SPDYReader: ~Copyable {
    private static let controlBytesMax = 64 << 10
    private struct DataFrame {
        var stream: UInt32
        var isFinal: Bool
        var left: Int
    }

    private var buffer: [UInt8] = []
    private var position = 0
    private var data: DataFrame?
    private let headers = SPDYHeaderReader()

    init() {}

    mutating func append(_ bytes: [UInt8]) {
        if position > 0 { buffer.removeFirst(position) }
        position = 0
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
    }

    /// - Returns: nil when more bytes are needed.
    mutating func next() throws(SPDYError) -> SPDYInput? {
        while true {
            if let frame = data { return take(frame) }
            guard buffer.count - position >= 8 else { return nil }
            let (first, second) = (number(at: 0), number(at: 4))
            let (flags, length) = (UInt8(second >> 24), Int(second & 0xFF_FFFF))
            guard first & 0x8000_0000 != 0 else {
                position += 8
                data = DataFrame(stream: first, isFinal: flags & 1 != 0, left: length)
                if length == 0 {
                    data = nil
                    if flags & 1 != 0 { return .data(first, [], isFinal: true) }
                }
                continue
            }
            guard first >> 16 == 0x8003 else { throw SPDYError("version \(first >> 16 & 0x7FFF) is not known") }
            guard length <= Self.controlBytesMax else { throw SPDYError("a control frame has \(length) bytes") }
            guard buffer.count - position >= 8 + length else { return nil }
            let body = buffer[position + 8..<position + 8 + length]
            position += 8 + length
            if let input = try control(UInt16(first & 0xFFFF), flags, body) { return input }
        }
    }

    private mutating func take(_ frame: DataFrame) -> SPDYInput? {
        let count = min(frame.left, buffer.count - position)
        guard count > 0 else { return nil }
        let bytes = Array(buffer[position..<position + count])
        position += count
        let isWhole = count == frame.left
        data = isWhole ? nil : DataFrame(stream: frame.stream, isFinal: frame.isFinal, left: frame.left - count)
        return .data(frame.stream, bytes, isFinal: isWhole && frame.isFinal)
    }

    private func control(_ type: UInt16, _ flags: UInt8, _ body: ArraySlice<UInt8>) throws(SPDYError) -> SPDYInput? {
        func field(_ index: Int) throws(SPDYError) -> UInt32 {
            let start = body.startIndex + index * 4
            guard start + 4 <= body.endIndex else { throw SPDYError("a control frame of type \(type) is too short") }
            return body[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        switch type {
        case 1:
            let id = try field(0) & 0x7FFF_FFFF
            _ = try field(1)
            guard body.count >= 10 else { throw SPDYError("a control frame of type 1 is too short") }
            return .stream(id, isFinal: flags & 1 != 0, headers: try headers.read(body.dropFirst(10)))
        case 2, 8:
            // Not of interest; but the compression goes on through it.
            _ = try headers.read(body.dropFirst(4))
            return nil
        case 3: return .reset(try field(0) & 0x7FFF_FFFF)
        case 6: return .ping(try field(0))
        case 7: return .goAway
        default: return nil  // settings, windows, and what this version does not know
        }
    }

    private func number(at offset: Int) -> UInt32 {
        buffer[position + offset..<position + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// A server's frames.
enum SPDYFrame {
    /// The most that a data frame's length can say.
    static let dataBytesMax = 0xFF_FFFF

    static func data(_ stream: UInt32, _ bytes: [UInt8], isFinal: Bool = false) -> [UInt8] {
        precondition(bytes.count <= dataBytesMax)
        return number(stream) + number(UInt32(bytes.count) | (isFinal ? 1 << 24 : 0)) + bytes
    }

    /// - Parameter block: Compressed.
    static func reply(_ stream: UInt32, _ block: [UInt8]) -> [UInt8] { control(2, number(stream) + block) }
    static func reset(_ stream: UInt32, status: UInt32) -> [UInt8] { control(3, number(stream) + number(status)) }
    static func ping(_ id: UInt32) -> [UInt8] { control(6, number(id)) }
    static func goAway(lastStream: UInt32) -> [UInt8] { control(7, number(lastStream) + number(0)) }

    private static func control(_ type: UInt16, _ body: [UInt8]) -> [UInt8] {
        number(0x8003_0000 | UInt32(type)) + number(UInt32(body.count)) + body
    }

    /// Big-endian.
    static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
}
