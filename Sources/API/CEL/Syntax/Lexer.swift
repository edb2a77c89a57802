/// Splits an expression into tokens.
struct Lexer {
    private let source: SourceText
    private var position = 0

    init(_ source: SourceText) { self.source = source }

    static func tokens(of source: SourceText) throws(Issue) -> [Token] {
        var lexer = Lexer(source)
        var tokens: [Token] = []
        while let token = try lexer.next() { tokens.append(token) }
        let end = source.scalars.count
        tokens.append(Token(kind: .end, text: "", offset: end, end: end))
        return tokens
    }

    private func scalar(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < source.scalars.count ? source.scalars[position + ahead] : nil
    }

    private static let pairs: Set<String> = ["==", "!=", "<=", ">=", "&&", "||"]
    private static let singles: Set<Unicode.Scalar> = [
        "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}",
    ]
    private static let words: Set<String> = ["in", "true", "false", "null"]

    private mutating func next() throws(Issue) -> Token? {
        skipBlanks()
        guard let first = scalar() else { return nil }
        if Self.isDigit(first) || (first == "." && scalar(1).map(Self.isDigit) == true) { return try number() }
        if let literal = try literal(first) { return literal }
        if Self.isLetter(first) { return word() }
        let start = position
        if let second = scalar(1), case let pair = "\(first)\(second)", Self.pairs.contains(pair) {
            position += 2
            return token(.symbol, from: start)
        }
        guard Self.singles.contains(first) else {
            throw Issue(offset: start, message: "Syntax error: token recognition error at: '\(first)'")
        }
        position += 1
        return token(.symbol, from: start)
    }

    private func token(_ kind: Token.Kind, from start: Int) -> Token {
        Token(kind: kind, text: source.text(start..<position), offset: start, end: position)
    }

    private mutating func skipBlanks() {
        while let scalar = scalar() {
            if scalar == "/", self.scalar(1) == "/" {
                while let next = self.scalar(), next != "\n" { position += 1 }
            } else if [" ", "\t", "\n", "\r", "\u{c}"].contains(scalar) {
                position += 1
            } else {
                return
            }
        }
    }

    private mutating func word() -> Token {
        let start = position
        while let scalar = scalar(), Self.isLetter(scalar) || Self.isDigit(scalar) { position += 1 }
        var word = token(.identifier, from: start)
        if Self.words.contains(word.text) { word.kind = .symbol }
        return word
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
    static func isHex(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isASCIIHexDigit }

    // MARK: Numbers

    private mutating func skip(_ condition: (Unicode.Scalar) -> Bool) {
        while let scalar = scalar(), condition(scalar) { position += 1 }
    }

    private mutating func number() throws(Issue) -> Token {
        let start = position
        if scalar() == "0", scalar(1) == "x", scalar(2).map(Self.isHex) == true {
            position += 2
            skip(Self.isHex)
            return unsignedOrInteger(from: start)
        }
        skip(Self.isDigit)
        var isDouble = false
        if scalar() == ".", scalar(1).map(Self.isDigit) == true {
            isDouble = true
            position += 1
            skip(Self.isDigit)
        }
        if scalar() == "e" || scalar() == "E" {
            let signs = scalar(1) == "+" || scalar(1) == "-" ? 1 : 0
            if scalar(1 + signs).map(Self.isDigit) == true {
                isDouble = true
                position += 1 + signs
                skip(Self.isDigit)
            }
        }
        return isDouble ? token(.double, from: start) : unsignedOrInteger(from: start)
    }

    private mutating func unsignedOrInteger(from start: Int) -> Token {
        let isUnsigned = scalar() == "u" || scalar() == "U"
        if isUnsigned { position += 1 }
        return token(isUnsigned ? .unsigned : .integer, from: start)
    }

    // MARK: Texts

    /// A string or bytes, or nil where none begins: `"…"`, `'…'`, three quotes of a kind, with `r` and `b` in front.
    private mutating func literal(_ first: Unicode.Scalar) throws(Issue) -> Token? {
        var (isRaw, isBytes, length) = (false, false, 0)
        prefix: while length < 2, let scalar = scalar(length) {
            switch scalar {
            case "r" where !isRaw, "R" where !isRaw: isRaw = true
            case "b" where !isBytes, "B" where !isBytes: isBytes = true
            default: break prefix
            }
            length += 1
        }
        guard let quote = scalar(length), quote == "\"" || quote == "'" else { return nil }
        let start = position
        position += length
        let body = try body(quote, isRaw: isRaw, start)
        var result = token(isBytes ? .bytes : .string, from: start)
        let unescaping = Unescaping(isRaw: isRaw, isBytes: isBytes)
        guard let value = unescaping.value(source.scalars[body]) else {
            throw Issue(offset: start, message: "Syntax error: invalid \(isBytes ? "bytes" : "string") literal")
        }
        if isBytes { result.bytesValue = value } else { result.stringValue = String(decoding: value, as: UTF8.self) }
        return result
    }

    /// The range between the quotes; afterwards the position is behind them.
    private mutating func body(_ quote: Unicode.Scalar, isRaw: Bool, _ start: Int) throws(Issue) -> Range<Int> {
        let isTriple = scalar(1) == quote && scalar(2) == quote
        position += isTriple ? 3 : 1
        let begin = position
        while let scalar = scalar() {
            if scalar == quote, !isTriple || (self.scalar(1) == quote && self.scalar(2) == quote) {
                let end = position
                position += isTriple ? 3 : 1
                return begin..<end
            }
            if !isTriple, scalar == "\n" || scalar == "\r" { break }
            position += scalar == "\\" && !isRaw ? 2 : 1
        }
        let rest = source.text(start..<min(max(position, start + 1), source.scalars.count))
        throw Issue(offset: start, message: "Syntax error: token recognition error at: '\(rest)'")
    }
}
