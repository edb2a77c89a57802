import NIOCore

/// How requests and answers look on a connection that carries one at a time.
protocol Wire: SendableMetatype {
    init()
    /// What is sent first on a new connection; may be empty.
    var greeting: [UInt8] { get }
    mutating func encode(_ request: Request) -> ByteBuffer
    /// - Returns: The answer when it is complete.
    mutating func receive(_ bytes: inout ByteBuffer) throws -> Answer?
}

struct Request: Sendable {
    var method = "GET"
    var path: String
    var body: [UInt8] = []
    var contentType = "application/json"
    var accept = "application/json"
}

struct Answer: Sendable {
    var status: Int
    var body: ByteBuffer
}

/// HTTP/1.1 (RFC 9112), as much of it as answers to such requests have.
struct HTTP1Wire: Wire {
    var greeting: [UInt8] { [] }
    private var pending = ByteBuffer()
    private var head: Head?

    private struct Head {
        var status: Int
        /// nil for chunks.
        var length: Int?
    }

    mutating func encode(_ request: Request) -> ByteBuffer {
        var text = "\(request.method) \(request.path) HTTP/1.1\r\nHost: localhost\r\nUser-Agent: api-load\r\nAccept: \(request.accept)\r\n"
        if !request.body.isEmpty {
            text += "Content-Type: \(request.contentType)\r\nContent-Length: \(request.body.count)\r\n"
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(text.utf8.count + 2 + request.body.count)
        buffer.writeString(text)
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(request.body)
        return buffer
    }

    mutating func receive(_ bytes: inout ByteBuffer) throws -> Answer? {
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        if head == nil {
            guard let end = Self.headEnd(pending), let text = pending.readString(length: end) else { return nil }
            head = try Self.parse(text)
        }
        guard let head else { return nil }
        guard let length = head.length else { throw LoadError("an answer in chunks was not expected") }
        guard let body = pending.readSlice(length: length) else { return nil }
        self.head = nil
        return Answer(status: head.status, body: body)
    }

    /// The length up to and with the empty line.
    static func headEnd(_ buffer: ByteBuffer) -> Int? {
        buffer.readableBytesView.withUnsafeBytes { bytes in
            var index = 3
            while index < bytes.count {
                if bytes[index] == 0x0A, bytes[index - 1] == 0x0D, bytes[index - 2] == 0x0A { return index + 1 }
                index += 1
            }
            return nil
        }
    }

    private static func parse(_ text: String) throws -> Head {
        let lines = text.utf8.split(separator: 0x0A)
        guard let first = lines.first, first.count > 12, let status = Int(Substring(first.dropFirst(9).prefix(3))) else {
            throw LoadError("not an HTTP answer: \(text.prefix(40))")
        }
        for line in lines.dropFirst() where line.count > 16 {
            let isLength = line.prefix(16).elementsEqual("content-length: ".utf8) { $0 | 0x20 == $1 | 0x20 }
            if isLength {
                return Head(
                    status: status, length: Int(Substring(line.dropFirst(16).filter { $0 != 0x0D }.map { Character(UnicodeScalar($0)) })))
            }
        }
        return Head(status: status, length: text.lowercased().contains("transfer-encoding: chunked") ? nil : 0)
    }
}
