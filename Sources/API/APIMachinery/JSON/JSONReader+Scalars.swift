extension JSONParser {
    /// Reads a string from its opening quote on.
    mutating func string(_ bytes: Span<UInt8>) throws(Failure) -> String {
        let start = position &+ 1
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                position = end &+ 1
                return try text(bytes.extracting(start..<end), at: start)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(bytes, from: start, to: end) }
            if byte < 0x20 { throw Failure(reason: .controlCharacter, offset: end) }
            end &+= 1
        }
        throw Failure(reason: .unexpectedEnd, offset: bytes.count)
    }

    private func text(_ bytes: Span<UInt8>, at offset: Int) throws(Failure) -> String {
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw Failure(reason: .invalidUTF8, offset: offset + error.byteOffsets.lowerBound)
        }
    }

    /// Reads a string with escapes, of which `start..<escape` is already known to have none.
    private mutating func escapedString(
        _ bytes: Span<UInt8>, from start: Int, to escape: Int
    ) throws(Failure) -> String {
        var content: [UInt8] = []
        for index in start..<escape { content.append(bytes[index]) }
        position = escape
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return try text(content.span, at: start)
            }
            if byte < 0x20 { throw fail(.controlCharacter) }
            if byte == UInt8(ascii: "\\") {
                try escapeSequence(bytes, into: &content)
            } else {
                content.append(byte)
                position += 1
            }
        }
        throw fail(.unexpectedEnd)
    }

    private mutating func escapeSequence(_ bytes: Span<UInt8>, into content: inout [UInt8]) throws(Failure) {
        let start = position
        position += 1
        guard position < bytes.count else { throw fail(.unexpectedEnd) }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape(bytes, start: start)
            content.append(contentsOf: Character(scalar).utf8)
        default: throw Failure(reason: .invalidEscape, offset: start)
        }
    }

    /// Reads the digits of `\uXXXX`, and of a second one when the first is a high surrogate.
    private mutating func unicodeEscape(_ bytes: Span<UInt8>, start: Int) throws(Failure) -> Unicode.Scalar {
        let first = try fourHexDigits(bytes, start: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, take(UInt8(ascii: "\\"), bytes), take(UInt8(ascii: "u"), bytes) else {
            throw Failure(reason: .loneSurrogate, offset: start)
        }
        let second = try fourHexDigits(bytes, start: start)
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        else { throw Failure(reason: .loneSurrogate, offset: start) }
        return scalar
    }

    private mutating func fourHexDigits(_ bytes: Span<UInt8>, start: Int) throws(Failure) -> UInt32 {
        guard position + 4 <= bytes.count else { throw Failure(reason: .unexpectedEnd, offset: bytes.count) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw Failure(reason: .invalidEscape, offset: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Reads `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`.
    mutating func number(_ bytes: Span<UInt8>) throws(Failure) -> JSONValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"), bytes)
        let digits = position
        var magnitude: UInt64 = 0
        var fits = true
        while position < bytes.count, case let digit = bytes[position] &- 0x30, digit < 10 {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            fits = fits && !overflow && !carry
            magnitude = sum
            position &+= 1
        }
        let count = position - digits
        guard count > 0, count == 1 || bytes[digits] != UInt8(ascii: "0") else {
            throw Failure(reason: .invalidNumber, offset: start)
        }
        let isWhole = try !fractionAndExponent(bytes, start: start)
        if isWhole, fits, let value = Self.integer(magnitude, isNegative: isNegative) { return .integer(value) }
        return .number(JSONNumber(uncheckedText: try text(bytes.extracting(start..<position), at: start)))
    }

    /// `-0` is left out: it is a number, but not an integer.
    private static func integer(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        guard isNegative else { return Int64(exactly: magnitude) }
        guard magnitude > 0, magnitude <= UInt64(Int64.max) + 1 else { return nil }
        return 0 &- Int64(truncatingIfNeeded: magnitude)
    }

    /// - Returns: Whether there was either.
    private mutating func fractionAndExponent(_ bytes: Span<UInt8>, start: Int) throws(Failure) -> Bool {
        var found = false
        if take(UInt8(ascii: "."), bytes) {
            found = true
            guard skipDigits(bytes) else { throw Failure(reason: .invalidNumber, offset: start) }
        }
        if take(UInt8(ascii: "e"), bytes) || take(UInt8(ascii: "E"), bytes) {
            found = true
            _ = take(UInt8(ascii: "+"), bytes) || take(UInt8(ascii: "-"), bytes)
            guard skipDigits(bytes) else { throw Failure(reason: .invalidNumber, offset: start) }
        }
        return found
    }

    private mutating func skipDigits(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position > start
    }
}
