internal import CZlib

/// Header blocks of SPDY/3 (draft-mbelshe-httpbis-spdy-00, 2.6.10): names and values, compressed with zlib, one stream of it for each direction of a connection.
@safe final class SPDYHeaderReader {
    private static let blockBytesMax = 256 << 10
    // zlib keeps the address.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe czlib_begin_inflate(stream) == Z_OK else { preconditionFailure("zlib has no memory for its state") }
    }

    deinit {
        _ = unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func read(_ block: ArraySlice<UInt8>) throws(SPDYError) -> [(name: String, value: String)] {
        try Self.parse(try inflated(block))
    }

    private func inflated(_ block: ArraySlice<UInt8>) throws(SPDYError) -> [UInt8] {
        var output: [UInt8] = []
        var isDamaged = false
        var piece = [UInt8](repeating: 0, count: 4096)
        unsafe block.withUnsafeBufferPointer { input in
            // zlib does not write to its input; the field lacks a const.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.pointee.avail_in = CUnsignedInt(input.count)
            repeat {
                let (code, count) = unsafe piece.withUnsafeMutableBufferPointer { room in
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = CUnsignedInt(room.count)
                    let code = unsafe inflate(stream, Z_SYNC_FLUSH)
                    return unsafe (code, room.count - Int(stream.pointee.avail_out))
                }
                output += piece.prefix(count)
                if code == Z_NEED_DICT {
                    let dictionary = SPDYDictionary.bytes
                    isDamaged = unsafe inflateSetDictionary(stream, dictionary, CUnsignedInt(dictionary.count)) != Z_OK
                } else if code == Z_BUF_ERROR {
                    break
                } else {
                    isDamaged = code != Z_OK
                }
                if output.count > Self.blockBytesMax { isDamaged = true }
            } while unsafe !isDamaged && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
        }
        guard !isDamaged else { throw SPDYError("a header block cannot be decompressed") }
        return output
    }

    private static func parse(_ bytes: [UInt8]) throws(SPDYError) -> [(name: String, value: String)] {
        var rest = bytes[...]
        func number() throws(SPDYError) -> Int {
            guard rest.count >= 4 else { throw SPDYError("a header block ends too early") }
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
        func text() throws(SPDYError) -> String {
            let count = try number()
            guard count <= rest.count else { throw SPDYError("a header block ends too early") }
            defer { rest = rest.dropFirst(count) }
            return String(decoding: rest.prefix(count), as: UTF8.self)
        }
        let count = try number()
        guard count <= bytes.count / 8 else { throw SPDYError("a header block names too many fields") }
        var fields: [(name: String, value: String)] = []
        for _ in 0..<count { fields.append((try text(), try text())) }
        return fields
    }
}

@safe final class SPDYHeaderWriter {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let dictionary = SPDYDictionary.bytes
        guard unsafe czlib_begin_deflate(stream, 1) == Z_OK,
            unsafe deflateSetDictionary(stream, dictionary, CUnsignedInt(dictionary.count)) == Z_OK
        else { preconditionFailure("zlib has no memory for its state") }
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func write(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var plain = SPDYFrame.number(UInt32(fields.count))
        for field in fields {
            for text in [field.name, field.value] { plain += SPDYFrame.number(UInt32(text.utf8.count)) + Array(text.utf8) }
        }
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1024)
        unsafe plain.withUnsafeMutableBufferPointer { input in
            unsafe stream.pointee.next_in = input.baseAddress
            unsafe stream.pointee.avail_in = CUnsignedInt(input.count)
            repeat {
                let count = unsafe piece.withUnsafeMutableBufferPointer { room in
                    unsafe stream.pointee.next_out = room.baseAddress
                    unsafe stream.pointee.avail_out = CUnsignedInt(room.count)
                    _ = unsafe deflate(stream, Z_SYNC_FLUSH)
                    return unsafe room.count - Int(stream.pointee.avail_out)
                }
                output += piece.prefix(count)
            } while unsafe stream.pointee.avail_out == 0
        }
        return output
    }
}

/// What compression begins with in SPDY/3 (2.6.10.1): words that headers are made of. zlib knows it by its checksum, E3C6A7C2.
enum SPDYDictionary {
    static let bytes: [UInt8] = words.flatMap { SPDYFrame.number(UInt32($0.utf8.count)) + Array($0.utf8) } + Array(text.utf8)

    private static let words = [
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding", "accept-language",
        "accept-ranges", "age", "allow", "authorization", "cache-control", "connection", "content-base", "content-encoding",
        "content-language", "content-length", "content-location", "content-md5", "content-range", "content-type", "date", "etag", "expect",
        "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified",
        "location", "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after", "server",
        "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning", "www-authenticate", "method", "get",
        "status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin",
    ]

    private static let text =
        "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
        + "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found"
        + "500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
        + "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,"
        + "text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
}
