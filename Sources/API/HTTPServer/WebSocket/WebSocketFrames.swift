/// What comes over a WebSocket. Messages are not collected: their bytes are handed on as they come.
package enum WebSocketEvent: Hashable, Sendable {
    case data([UInt8], isText: Bool, startsMessage: Bool, endsMessage: Bool)
    case ping([UInt8])
    case pong
    case close
}

package struct WebSocketError: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = "WebSocket: \(description)" }
}

/// Cuts bytes from a client into events (RFC 6455, 5). A value: no input or output.
package struct WebSocketReader: Sendable {
    private struct Frame {
        var opcode: UInt8
        var isFinal: Bool
        var mask: (UInt8, UInt8, UInt8, UInt8)
        /// Bytes of the payload that are still to come, and that have been.
        var left: Int
        var taken = 0
    }
    private static let controlPayloadMax = 125

    /// Bytes that are not decoded yet begin at `position`.
    private var buffer: [UInt8] = []
    private var position = 0
    private var frame: Frame?
    /// The message of which the next data frame is a part.
    private var message: (isText: Bool, isAtStart: Bool)?

    package init() {}

    package mutating func append(_ bytes: [UInt8]) {
        if position == buffer.count {
            buffer = bytes
            position = 0
        } else {
            buffer.removeFirst(position)
            position = 0
            buffer += bytes
        }
    }

    /// - Returns: nil when more bytes are needed.
    package mutating func next() throws(WebSocketError) -> WebSocketEvent? {
        while true {
            if frame == nil { frame = try nextHeader() }
            guard var frame else { return nil }
            let isControl = frame.opcode >= 8
            let available = min(frame.left, buffer.count - position)
            // A control frame comes whole; of a data frame what there is.
            if isControl ? available < frame.left : available == 0 && frame.left > 0 {
                self.frame = frame
                return nil
            }
            let payload = unmasked(available, frame)
            frame.left -= available
            frame.taken += available
            self.frame = frame.left > 0 ? frame : nil
            if let event = try event(frame, payload) { return event }
        }
    }

    private mutating func nextHeader() throws(WebSocketError) -> Frame? {
        let count = buffer.count - position
        guard count >= 2 else { return nil }
        let (first, second) = (buffer[position], buffer[position + 1])
        guard first & 0x70 == 0 else { throw WebSocketError("a reserved bit is set") }
        guard second & 0x80 != 0 else { throw WebSocketError("a frame of the client is not masked") }
        let lengthBytes = second & 0x7F == 126 ? 2 : second & 0x7F == 127 ? 8 : 0
        guard count >= 2 + lengthBytes + 4 else { return nil }
        var length = Int(second & 0x7F)
        if lengthBytes > 0 {
            let field = buffer[position + 2..<position + 2 + lengthBytes]
            guard lengthBytes == 2 || field.first.map({ $0 < 0x80 }) == true else { throw WebSocketError("a frame is too long") }
            length = field.reduce(0) { $0 << 8 | Int($1) }
        }
        let mask = position + 2 + lengthBytes
        let frame = Frame(
            opcode: first & 0x0F, isFinal: first & 0x80 != 0, mask: (buffer[mask], buffer[mask + 1], buffer[mask + 2], buffer[mask + 3]),
            left: length)
        if frame.opcode >= 8, !frame.isFinal || length > Self.controlPayloadMax {
            throw WebSocketError("a control frame is not well formed")
        }
        position = mask + 4
        return frame
    }

    private mutating func event(_ frame: Frame, _ payload: [UInt8]) throws(WebSocketError) -> WebSocketEvent? {
        switch frame.opcode {
        case 0, 1, 2:
            if frame.taken == payload.count {  // the frame's first bytes
                guard (frame.opcode == 0) == (message != nil) else {
                    throw WebSocketError("a message begins within another, or goes on after its end")
                }
                if frame.opcode != 0 { message = (frame.opcode == 1, true) }
            }
            guard let current = message else { throw WebSocketError("a frame belongs to no message") }
            let isEnd = frame.isFinal && frame.left == 0
            message = isEnd ? nil : (current.isText, current.isAtStart && payload.isEmpty)
            if payload.isEmpty, !isEnd { return nil }
            return .data(payload, isText: current.isText, startsMessage: current.isAtStart, endsMessage: isEnd)
        case 8: return .close
        case 9: return .ping(payload)
        case 10: return .pong
        default: throw WebSocketError("a frame has the unknown type \(frame.opcode)")
        }
    }

    /// Takes bytes of a payload; the mask goes on where the frame's earlier bytes left it.
    private mutating func unmasked(_ count: Int, _ frame: Frame) -> [UInt8] {
        guard count > 0 else { return [] }
        var payload = Array(buffer[position..<position + count])
        position += count
        let mask = [frame.mask.0, frame.mask.1, frame.mask.2, frame.mask.3]
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(mask[(frame.taken + index) & 3]) << (8 * index) }
        let wordCount = count / 8
        unsafe payload.withUnsafeMutableBytes { bytes in
            for index in 0..<wordCount {
                let old = unsafe bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
                unsafe bytes.storeBytes(of: (UInt64(littleEndian: old) ^ word).littleEndian, toByteOffset: index * 8, as: UInt64.self)
            }
        }
        for index in wordCount * 8..<count { payload[index] ^= mask[(frame.taken + index) & 3] }
        return payload
    }
}

/// A server's frames, which are not masked.
package enum WebSocketFrame {
    package enum Kind: UInt8, Sendable { case text = 1, binary = 2, close = 8, ping = 9, pong = 10 }

    /// A whole message as one frame.
    ///
    /// - Parameter prefix: Comes before the payload: the number of a channel.
    package static func bytes(_ kind: Kind, prefix: UInt8? = nil, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count + (prefix == nil ? 0 : 1)
        var frame: [UInt8] = []
        frame.reserveCapacity(count + 10)
        frame.append(0x80 | kind.rawValue)
        if count < 126 {
            frame.append(UInt8(count))
        } else if count < 1 << 16 {
            frame += [126, UInt8(count >> 8), UInt8(count & 0xFF)]
        } else {
            frame.append(127)
            for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
        if let prefix { frame.append(prefix) }
        frame += payload
        return frame
    }

    package static func close(code: UInt16) -> [UInt8] { bytes(.close, [UInt8(code >> 8), UInt8(code & 0xFF)]) }
}
