/// Limits and choices of the JSON reader.
package struct JSONReadingOptions: Hashable, Sendable {
    package enum DuplicateKeys: Hashable, Sendable { case refuse, lastWins }

    package var duplicateKeys = DuplicateKeys.refuse
    /// Arrays and objects within each other.
    package var maxDepth = 512
    package var maxBytes = 64 << 20

    package init(duplicateKeys: DuplicateKeys = .refuse, maxDepth: Int = 512, maxBytes: Int = 64 << 20) {
        self.duplicateKeys = duplicateKeys
        self.maxDepth = maxDepth
        self.maxBytes = maxBytes
    }
}

extension JSONValue {
    /// Reads one JSON text (RFC 8259) with nothing but white space around it.
    package init(parsing bytes: Span<UInt8>, options: JSONReadingOptions = .init()) throws(JSONError) {
        var parser = JSONParser(options: options)
        do throws(JSONParser.Failure) {
            self = try parser.document(bytes)
        } catch {
            throw JSONError(error, in: bytes)
        }
    }

    package init(parsing bytes: [UInt8], options: JSONReadingOptions = .init()) throws(JSONError) {
        try self.init(parsing: bytes.span, options: options)
    }

    package init(parsing text: String, options: JSONReadingOptions = .init()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8).span, options: options)
    }
}

extension JSONError {
    init(_ failure: JSONParser.Failure, in bytes: Span<UInt8>) {
        var line = 1
        var column = 1
        for index in 0..<min(failure.offset, bytes.count) {
            let byte = bytes[index]
            if byte == 0x0a {
                line += 1
                column = 1
            } else if byte & 0xc0 != 0x80 {  // continuation bytes belong to the character before
                column += 1
            }
        }
        self.init(reason: failure.reason, offset: failure.offset, line: line, column: column)
    }
}

/// A recursive-descent parser: a position in bytes that every call is given anew.
struct JSONParser {
    struct Failure: Error {
        var reason: JSONError.Reason
        var offset: Int
    }

    let options: JSONReadingOptions
    var position = 0
    private var depth = 0

    init(options: JSONReadingOptions) { self.options = options }

    mutating func document(_ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        guard bytes.count <= options.maxBytes else {
            throw Failure(reason: .tooLarge(limitBytes: options.maxBytes), offset: options.maxBytes)
        }
        skipWhitespace(bytes)
        let value = try value(bytes)
        skipWhitespace(bytes)
        guard position == bytes.count else { throw fail(.trailingBytes) }
        return value
    }

    func fail(_ reason: JSONError.Reason) -> Failure { Failure(reason: reason, offset: position) }

    /// The failure of having met something else than what must come here.
    func unexpected(_ bytes: Span<UInt8>, expected: String) -> Failure {
        guard position < bytes.count else { return fail(.unexpectedEnd) }
        return fail(.unexpectedCharacter(bytes[position], expected: expected))
    }

    @inline(__always)
    mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
            position &+= 1
        }
    }

    @inline(__always)
    mutating func take(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position &+= 1
        return true
    }

    private mutating func value(_ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        guard position < bytes.count else { throw fail(.unexpectedEnd) }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string(bytes))
        case UInt8(ascii: "{"): return try nested(bytes) { (parser, bytes) throws(Failure) in try parser.object(bytes) }
        case UInt8(ascii: "["): return try nested(bytes) { (parser, bytes) throws(Failure) in try parser.array(bytes) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(bytes)
        case UInt8(ascii: "t"): return try word("true", .bool(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .bool(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        default: throw unexpected(bytes, expected: "a value")
        }
    }

    @inline(__always)
    private mutating func nested(
        _ bytes: Span<UInt8>, _ body: (inout JSONParser, Span<UInt8>) throws(Failure) -> JSONValue
    ) throws(Failure) -> JSONValue {
        guard depth < options.maxDepth else { throw fail(.tooDeep(limit: options.maxDepth)) }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try body(&self, bytes)
    }

    private mutating func array(_ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        var elements: [JSONValue] = []
        skipWhitespace(bytes)
        if take(UInt8(ascii: "]"), bytes) { return .array(elements) }
        while true {
            skipWhitespace(bytes)
            elements.append(try value(bytes))
            skipWhitespace(bytes)
            if take(UInt8(ascii: ","), bytes) { continue }
            if take(UInt8(ascii: "]"), bytes) { return .array(elements) }
            throw unexpected(bytes, expected: "',' or ']' after an element")
        }
    }

    private mutating func object(_ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        var members: [JSONObject.Member] = []
        let start = position
        skipWhitespace(bytes)
        if take(UInt8(ascii: "}"), bytes) { return .object(JSONObject()) }
        members.reserveCapacity(4)
        while true {
            skipWhitespace(bytes)
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw unexpected(bytes, expected: "a member's name in double quotes")
            }
            let key = try string(bytes)
            skipWhitespace(bytes)
            guard take(UInt8(ascii: ":"), bytes) else {
                throw unexpected(bytes, expected: "':' after the member's name")
            }
            skipWhitespace(bytes)
            members.append(JSONObject.Member(key: key, value: try value(bytes)))
            skipWhitespace(bytes)
            if take(UInt8(ascii: ","), bytes) { continue }
            if take(UInt8(ascii: "}"), bytes) { break }
            throw unexpected(bytes, expected: "',' or '}' after a member")
        }
        guard let duplicate = JSONObject.firstDuplicate(in: members) else {
            return .object(JSONObject(uniqueMembers: members))
        }
        guard options.duplicateKeys == .lastWins else {
            throw duplicateKeyFailure(members[duplicate].key, memberIndex: duplicate, objectStart: start, bytes)
        }
        return .object(JSONObject(members: members))
    }

    /// Walks the object once more, to find where its Nth member begins.
    private func duplicateKeyFailure(
        _ key: String, memberIndex: Int, objectStart: Int, _ bytes: Span<UInt8>
    ) -> Failure {
        var again = self
        again.position = objectStart
        for index in 0...memberIndex {
            again.skipWhitespace(bytes)
            if index == memberIndex { break }
            guard (try? again.string(bytes)) != nil else { break }
            again.skipWhitespace(bytes)
            _ = again.take(UInt8(ascii: ":"), bytes)
            again.skipWhitespace(bytes)
            guard (try? again.value(bytes)) != nil else { break }
            again.skipWhitespace(bytes)
            _ = again.take(UInt8(ascii: ","), bytes)
        }
        return Failure(reason: .duplicateKey(key), offset: again.position)
    }

    @inline(__always)
    private mutating func word(_ text: String, _ value: JSONValue, _ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        for byte in text.utf8 {
            guard take(byte, bytes) else { throw unexpected(bytes, expected: text) }
        }
        return value
    }
}
