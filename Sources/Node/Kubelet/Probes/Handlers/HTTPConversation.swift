/// One GET request and its answer, HTTP/1.1.
struct HTTPConversation: ProbeConversation {
    static let maxBodyBytes = 10 << 10
    private static let maxHeadBytes = 64 << 10

    private enum Stage { case head, body(Body) }
    private enum Body { case counted(Int), chunked, untilEnd }

    private let request: [UInt8]
    private var stage = Stage.head
    private var answer = ProbeHTTPAnswer(status: 0)
    /// Came, and is not understood yet.
    private var pending: [UInt8] = []
    private(set) var hasBegunToAnswer = false

    init(_ request: ProbeHTTPRequest, userAgent: String) { self.request = request.bytes(userAgent: userAgent) }

    mutating func begin() -> ConversationStep { .goOn(request) }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        pending += bytes
        if case .head = stage {
            guard let step = readHead() else { return .goOn([]) }
            if case .done = step { return step }
        }
        return readBody()
    }

    mutating func end() -> ConversationStep {
        switch stage {
        case .head: return .done(.malformed(pending.isEmpty ? "EOF" : "unexpected EOF"))
        case .body(.untilEnd): return .done(.http(answer))
        case .body: return .done(.malformed("unexpected EOF"))
        }
    }

    /// - Returns: nil: more bytes are needed.
    private mutating func readHead() -> ConversationStep? {
        while true {
            guard let length = Self.headLength(pending) else {
                if let line = Self.wrongBeginning(pending) {
                    return .done(
                        .malformed("net/http: HTTP/1.x transport connection broken: malformed HTTP response \(GoQuote.text(line))"))
                }
                return pending.count > Self.maxHeadBytes
                    ? .done(.malformed("net/http: server response headers exceeded \(Self.maxHeadBytes) bytes; aborted")) : nil
            }
            let lines = String(decoding: pending[..<length], as: UTF8.self).split(whereSeparator: \.isNewline)
            pending.removeFirst(length)
            guard let first = lines.first, let status = Self.status(first) else {
                let text = lines.first.map(String.init) ?? ""
                return .done(.malformed("net/http: HTTP/1.x transport connection broken: malformed HTTP response \(GoQuote.text(text))"))
            }
            if (100..<200).contains(status), status != 101 { continue }  // the answer proper follows
            hasBegunToAnswer = true
            answer.status = status
            let fields = lines.dropFirst().compactMap(Self.field)
            answer.location = fields.first { $0.name == "location" }?.value
            stage = .body(Self.body(status, fields))
            return .goOn([])
        }
    }

    private mutating func readBody() -> ConversationStep {
        guard case .body(let kind) = stage else { return .goOn([]) }
        switch kind {
        case .counted(let length):
            guard pending.count >= min(length, Self.maxBodyBytes) else { return .goOn([]) }
            answer.body = Array(pending.prefix(min(length, Self.maxBodyBytes)))
        case .untilEnd:
            answer.body = Array(pending.prefix(Self.maxBodyBytes))
            guard pending.count >= Self.maxBodyBytes else { return .goOn([]) }
        case .chunked:
            switch Chunks.decode(pending, maxBytes: Self.maxBodyBytes) {
            case .incomplete: return .goOn([])
            case .wrong: return .done(.malformed("invalid chunk in the answer's body"))
            case .whole(let body): answer.body = body
            }
        }
        return .done(.http(answer))
    }

    /// Bytes up to and with the empty line.
    private static func headLength(_ bytes: [UInt8]) -> Int? {
        var index = 0
        while let newline = bytes[index...].firstIndex(of: 0x0a) {
            if newline + 1 < bytes.count, bytes[newline + 1] == 0x0a { return newline + 2 }
            if newline + 2 < bytes.count, bytes[newline + 1] == 0x0d, bytes[newline + 2] == 0x0a { return newline + 3 }
            index = newline + 1
        }
        return nil
    }

    /// Its beginning, when what came can't become an answer any more.
    private static func wrongBeginning(_ bytes: [UInt8]) -> String? {
        let expected = Array("HTTP/".utf8)
        if zip(bytes, expected).allSatisfy({ $0 == $1 }) { return nil }
        return String(decoding: bytes.prefix(64), as: UTF8.self)
    }

    private static func status(_ line: Substring) -> Int? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].count == 3, let status = Int(words[1]), status >= 100 else {
            return nil
        }
        return status
    }

    private static func field(_ line: Substring) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        return (line[..<colon].lowercased(), String(value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()))
    }

    private static func body(_ status: Int, _ fields: [(name: String, value: String)]) -> Body {
        if status == 204 || status == 304 || status == 101 { return .counted(0) }
        if fields.contains(where: { $0.name == "transfer-encoding" && $0.value.lowercased().hasSuffix("chunked") }) { return .chunked }
        return fields.first { $0.name == "content-length" }.flatMap { Int($0.value) }.map { .counted(max(0, $0)) } ?? .untilEnd
    }
}

/// A body in chunks (RFC 9112, 7.1), as far as it has come.
enum Chunks {
    enum Result: Hashable { case incomplete, wrong, whole([UInt8]) }
    private static let maxSizeDigits = 8

    /// - Returns: `whole` also as soon as `maxBytes` are there.
    static func decode(_ bytes: [UInt8], maxBytes: Int) -> Result {
        var body: [UInt8] = []
        var index = 0
        while true {
            guard let newline = bytes[index...].firstIndex(of: 0x0a) else { return bytes.count - index > 1_024 ? .wrong : .incomplete }
            let digits = bytes[index..<newline].prefix { $0 != UInt8(ascii: ";") && $0 != 0x0d && $0 != 0x20 }
            guard digits.count <= maxSizeDigits, let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else {
                return .wrong
            }
            if size == 0 { return .whole(body) }
            index = newline + 1
            body += bytes[index...].prefix(min(size, maxBytes - body.count))
            if body.count >= maxBytes { return .whole(body) }
            guard bytes.count >= index + size + 2 else { return .incomplete }
            index += size + (bytes[index + size] == 0x0d ? 2 : 1)
        }
    }
}
