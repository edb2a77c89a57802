internal import APIMachinery
internal import NIOCore
internal import NIOHTTP1

extension ByteBuffer {
    /// Writes status line and header fields (RFC 9112).
    mutating func writeHTTP1(_ head: ResponseHead, isChunked: Bool, staysOpen: Bool, isHTTP10: Bool, date: String) {
        writeString("HTTP/1.1 ")
        writeString(HTTPResponseStatus(statusCode: head.status).line)
        for field in head.headers.fields where head.status == 101 || !field.isTransports {
            writeField(field.name, field.value)
        }
        writeField("Date", date)
        switch head.length {
        case .bytes(let count): writeField("Content-Length", "\(count)")
        case .stream: if isChunked { writeField("Transfer-Encoding", "chunked") }
        case .noBody: break
        }
        if !staysOpen { writeField("Connection", "close") } else if isHTTP10 { writeField("Connection", "keep-alive") }
        writeString("\r\n")
    }

    private mutating func writeField(_ name: String, _ value: String) {
        writeString(name)
        writeString(": ")
        writeString(value.withoutLineBreaks)
        writeString("\r\n")
    }
}

extension HTTPResponseStatus {
    fileprivate var line: String { "\(code) \(reasonPhrase)\r\n" }
}

extension String {
    /// A field's value must not end its line, wherever it comes from.
    var withoutLineBreaks: String {
        guard utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else { return self }
        return String(decoding: utf8.map { $0 == 0x0A || $0 == 0x0D || $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}

extension APIMachinery.HTTPHeaders.Field {
    /// Fields that say how the message is carried are the transport's own.
    var isTransports: Bool {
        switch name.utf8.count {
        case 10: ["connection", "keep-alive"].contains(name.lowercased())
        case 14: name.lowercased() == "content-length"
        case 17: name.lowercased() == "transfer-encoding"
        case 7: name.lowercased() == "upgrade"
        default: false
        }
    }
}

extension APIMachinery.HTTPHeaders {
    init(_ headers: NIOHTTP1.HTTPHeaders) {
        self.init()
        for (name, value) in headers { append(name, value) }
    }

    /// Whether a comma-separated list names a token, in capitals or not.
    func listContains(_ token: String, in name: String) -> Bool {
        guard self[name] != nil else { return false }
        return all(name).contains { value in
            value.split(separator: ",").contains { $0.trimmingSpaces.lowercased() == token }
        }
    }

    /// RFC 9110, 12.5.3: `gzip` or `*`, unless its weight is nought.
    var acceptsGzip: Bool {
        guard self["Accept-Encoding"] != nil else { return false }
        return all("Accept-Encoding").contains { value in
            value.split(separator: ",").contains { item in
                let pieces = item.split(separator: ";").map(\.trimmingSpaces)
                guard let coding = pieces.first?.lowercased(), coding == "gzip" || coding == "*" else { return false }
                return !pieces.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0.lowercased()) }
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
