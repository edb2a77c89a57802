/// Escapes and classes in brackets.
extension RegexParser {
    private static let digits = ScalarSet([0x30...0x39])
    private static let words = ScalarSet([0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a])
    private static let blanks = ScalarSet([9...10, 12...13, 32...32])

    private static func perl(_ letter: Unicode.Scalar) -> ScalarSet? {
        switch letter {
        case "d": digits
        case "D": digits.inverted
        case "w": words
        case "W": words.inverted
        case "s": blanks
        case "S": blanks.inverted
        default: nil
        }
    }

    private static let posix: [String: ScalarSet] = [
        "alnum": ScalarSet([0x30...0x39, 0x41...0x5a, 0x61...0x7a]), "alpha": ScalarSet([0x41...0x5a, 0x61...0x7a]),
        "ascii": ScalarSet([0...0x7f]), "blank": ScalarSet([9...9, 32...32]), "cntrl": ScalarSet([0...0x1f, 0x7f...0x7f]),
        "digit": digits, "graph": ScalarSet([0x21...0x7e]), "lower": ScalarSet([0x61...0x7a]), "print": ScalarSet([0x20...0x7e]),
        "punct": ScalarSet([0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e]), "space": ScalarSet([9...13, 32...32]),
        "upper": ScalarSet([0x41...0x5a]), "word": words, "xdigit": ScalarSet([0x30...0x39, 0x41...0x46, 0x61...0x66]),
    ]

    // MARK: Escapes

    mutating func escape() throws(RegexError) -> RegexNode {
        let start = position
        position += 1
        guard let letter = peek() else { throw RegexError("trailing backslash at end of expression", "") }
        let assertions: [Unicode.Scalar: RegexNode.Assertion] = [
            "A": .textStart, "z": .textEnd, "b": .wordBoundary, "B": .noWordBoundary,
        ]
        if let assertion = assertions[letter] {
            position += 1
            return .assertion(assertion)
        }
        if let set = try namedSet(start) { return .scalar(ScalarClass(set: set, ignoresCase: flags.ignoresCase)) }
        return single(try escapedScalar(start))
    }

    /// `\d`, `\pL`, `\P{Lu}`; the position stands behind the backslash. Nil for another escape.
    private mutating func namedSet(_ start: Int) throws(RegexError) -> ScalarSet? {
        guard let letter = peek() else { return nil }
        if let set = Self.perl(letter) {
            position += 1
            return set
        }
        guard letter == "p" || letter == "P" else { return nil }
        position += 1
        var name = ""
        if take("{") {
            while let next = peek(), next != "}" {
                name.unicodeScalars.append(next)
                position += 1
            }
            guard take("}") else { throw RegexError("invalid character class range", text(from: start)) }
        } else if let next = peek() {
            name.unicodeScalars.append(next)
            position += 1
        }
        var isNegated = letter == "P"
        if name.hasPrefix("^") {
            isNegated.toggle()
            name.removeFirst()
        }
        guard let set = UnicodeClass.set(name) else { throw RegexError("invalid character class range", text(from: start)) }
        return isNegated ? set.inverted : set
    }

    private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{7}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{b}",
    ]

    private mutating func escapedScalar(_ start: Int) throws(RegexError) -> Unicode.Scalar {
        guard let letter = peek() else { throw RegexError("trailing backslash at end of expression", "") }
        position += 1
        if let control = Self.controls[letter] { return control }
        switch letter {
        case "x":
            if let scalar = hexadecimal() { return scalar }
        case "0"..."7" where letter == "0" || peek().map { ("0"..."7").contains($0) } == true:
            var value = letter.value - 0x30
            for _ in 0..<2 {
                guard let next = peek(), ("0"..."7").contains(next) else { break }
                value = value * 8 + next.value - 0x30
                position += 1
            }
            if let scalar = Unicode.Scalar(value) { return scalar }
        case _ where letter.isASCII && !Lexer.isLetter(letter) && !Lexer.isDigit(letter), "_": return letter
        default: break
        }
        throw RegexError("invalid escape sequence", text(from: start))
    }

    private mutating func hexadecimal() -> Unicode.Scalar? {
        var digits = ""
        if take("{") {
            while let next = peek(), Lexer.isHex(next) {
                digits.unicodeScalars.append(next)
                position += 1
            }
            guard take("}"), digits.count <= 8 else { return nil }
        } else {
            for _ in 0..<2 {
                guard let next = peek(), Lexer.isHex(next) else { return nil }
                digits.unicodeScalars.append(next)
                position += 1
            }
        }
        return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
    }

    // MARK: Brackets

    mutating func bracketed() throws(RegexError) -> ScalarClass {
        let start = position
        position += 1
        let isNegated = take("^")
        var set = ScalarSet([])
        var isFirst = true
        while isFirst || peek() != "]" {
            isFirst = false
            guard let next = peek() else { throw RegexError("missing closing ]", text(from: start, to: scalars.count)) }
            if next == "[", peek(1) == ":", let named = try posixSet() {
                set = set.union(named)
            } else if next == "\\", let named = try escapedSet() {
                set = set.union(named)
            } else {
                set = set.union(try range(start))
            }
        }
        position += 1
        return ScalarClass(set: set, isNegated: isNegated, ignoresCase: flags.ignoresCase)
    }

    private mutating func escapedSet() throws(RegexError) -> ScalarSet? {
        let start = position
        position += 1
        if let set = try namedSet(start) { return set }
        position = start
        return nil
    }

    private mutating func posixSet() throws(RegexError) -> ScalarSet? {
        let start = position
        position += 2
        let isNegated = take("^")
        let name = position
        while let next = peek(), Lexer.isLetter(next) { position += 1 }
        let word = text(from: name)
        guard take(":]") else {
            position = start
            return nil
        }
        guard let set = Self.posix[word] else { throw RegexError("invalid character class range", text(from: start)) }
        return isNegated ? set.inverted : set
    }

    private mutating func range(_ bracket: Int) throws(RegexError) -> ScalarSet {
        let start = position
        let low = try member(bracket)
        guard peek() == "-", let after = peek(1), after != "]" else { return ScalarSet([low.value...low.value]) }
        position += 1
        let high = try member(bracket)
        guard low <= high else { throw RegexError("invalid character class range", text(from: start)) }
        return ScalarSet([low.value...high.value])
    }

    private mutating func member(_ bracket: Int) throws(RegexError) -> Unicode.Scalar {
        guard let next = peek() else { throw RegexError("missing closing ]", text(from: bracket, to: scalars.count)) }
        let start = position
        position += 1
        return next == "\\" ? try escapedScalar(start) : next
    }
}
