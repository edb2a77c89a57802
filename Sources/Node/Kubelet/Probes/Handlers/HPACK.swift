/// Header compression of HTTP/2 (RFC 7541), as much as the answer to one request needs.
struct HPACKDecoder: Sendable {
    struct Field: Sendable, Hashable {
        var name: String
        var value: String
        /// What it takes in the table: RFC 7541, 4.1.
        var size: Int { name.utf8.count + value.utf8.count + 32 }
    }
    private static let maxTableBytes = 4_096
    private var table: [Field] = []
    private var maxBytes = maxTableBytes

    /// - Returns: nil: this is no field block.
    mutating func decode(_ block: [UInt8]) -> [Field]? {
        var rest = block[...]
        var fields: [Field] = []
        while let first = rest.first {
            if first & 0x80 != 0 {
                guard let index = Self.integer(&rest, bits: 7), let field = field(index) else { return nil }
                fields.append(field)
            } else if first & 0xe0 == 0x20 {
                guard let size = Self.integer(&rest, bits: 5), size <= Self.maxTableBytes else { return nil }
                maxBytes = size
                evict()
            } else {
                let isIndexed = first & 0xc0 == 0x40
                guard let field = literal(&rest, bits: isIndexed ? 6 : 4) else { return nil }
                fields.append(field)
                if isIndexed {
                    table.insert(field, at: 0)
                    evict()
                }
            }
        }
        return fields
    }

    private func literal(_ rest: inout ArraySlice<UInt8>, bits: Int) -> Field? {
        guard let index = Self.integer(&rest, bits: bits) else { return nil }
        let name = index == 0 ? Self.string(&rest) : field(index)?.name
        guard let name, let value = Self.string(&rest) else { return nil }
        return Field(name: name, value: value)
    }

    private mutating func evict() {
        while table.reduce(0, { $0 + $1.size }) > maxBytes { table.removeLast() }
    }

    private func field(_ index: Int) -> Field? {
        if (1...HPACKStaticTable.names.count).contains(index) {
            return Field(name: HPACKStaticTable.names[index - 1], value: HPACKStaticTable.value(index))
        }
        let index = index - HPACKStaticTable.names.count - 1
        return table.indices.contains(index) ? table[index] : nil
    }

    /// RFC 7541, 5.1.
    private static func integer(_ rest: inout ArraySlice<UInt8>, bits: Int) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        let mask = 1 << bits - 1
        var value = Int(first) & mask
        if value < mask { return value }
        for shift in stride(from: 0, to: 28, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value += Int(byte & 127) << shift
            if byte & 128 == 0 { return value }
        }
        return nil
    }

    /// RFC 7541, 5.2.
    private static func string(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let first = rest.first, let length = integer(&rest, bits: 7), length <= rest.count else { return nil }
        let bytes = rest.prefix(length)
        rest = rest.dropFirst(length)
        guard first & 0x80 != 0 else { return String(decoding: bytes, as: UTF8.self) }
        return HPACKHuffman.decode(bytes).map { String(decoding: $0, as: UTF8.self) }
    }
}

enum HPACKEncoder {
    /// A literal field that enters no table, with a new name, uncompressed.
    static func literal(name: String, value: String) -> [UInt8] { [0] + string(name) + string(value) }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var (rest, length) = (bytes.count - 127, [UInt8(127)])
        while rest > 127 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}

/// RFC 7541, appendix A.
enum HPACKStaticTable {
    static let names: [String] = [
        ":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme", ":status", ":status", ":status", ":status", ":status",
        ":status", ":status", "accept-charset", "accept-encoding", "accept-language", "accept-ranges", "accept",
        "access-control-allow-origin", "age", "allow", "authorization", "cache-control", "content-disposition", "content-encoding",
        "content-language", "content-length", "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect",
        "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified",
        "link", "location", "max-forwards", "proxy-authenticate", "proxy-authorization", "range", "referer", "refresh", "retry-after",
        "server", "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent", "vary", "via", "www-authenticate",
    ]
    private static let values: [Int: String] = [
        2: "GET", 3: "POST", 4: "/", 5: "/index.html", 6: "http", 7: "https", 8: "200", 9: "204", 10: "206", 11: "304", 12: "400",
        13: "404", 14: "500", 16: "gzip, deflate",
    ]
    static func value(_ index: Int) -> String { values[index] ?? "" }
}

/// RFC 7541, appendix B. The code is canonical: the lengths say it all.
enum HPACKHuffman {
    /// Bits of the code of each byte, and of the end; one digit of base 36 each.
    private static let lengths = Array(
        """
        dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds\
        kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu
        """)
    private static let maxBits = 30

    /// Symbols in the order of their codes; first code and first place by length.
    private static let tables: (symbols: [UInt16], firstCode: [UInt32], firstPlace: [Int]) = {
        let bits = lengths.map { $0.hexDigitOrLetterValue }
        let symbols = bits.indices.sorted { (bits[$0], $0) < (bits[$1], $1) }.map { UInt16($0) }
        var (code, place) = (UInt32(0), 0)
        var (firstCode, firstPlace) = ([UInt32](), [Int]())
        for length in 0...maxBits {
            firstCode.append(code)
            firstPlace.append(place)
            let count = bits.count { $0 == length }
            (code, place) = ((code + UInt32(count)) << 1, place + count)
        }
        return (symbols, firstCode, firstPlace + [place])
    }()

    /// - Returns: nil: a code that does not exist, or more than padding at the end.
    static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        let (symbols, firstCode, firstPlace) = tables
        var result: [UInt8] = []
        var (code, length) = (UInt32(0), 0)
        for byte in bytes {
            for bit in (0..<8).reversed() {
                code = code << 1 | UInt32(byte >> bit & 1)
                length += 1
                guard length <= maxBits else { return nil }
                let count = firstPlace[length + 1] - firstPlace[length]
                guard code >= firstCode[length], code - firstCode[length] < UInt32(count) else { continue }
                guard let symbol = UInt8(exactly: symbols[firstPlace[length] + Int(code - firstCode[length])]) else { return nil }
                result.append(symbol)
                (code, length) = (0, 0)
            }
        }
        return length < 8 ? result : nil
    }
}

extension Character {
    /// 0…35.
    fileprivate var hexDigitOrLetterValue: Int { Int(String(self), radix: 36) ?? 0 }
}
