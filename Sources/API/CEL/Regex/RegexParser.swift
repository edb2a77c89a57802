/// Why a text is no pattern, in the words of Go's `regexp/syntax`.
struct RegexError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String
    init(_ problem: String, _ part: String? = nil) {
        description = "error parsing regexp: \(problem)" + (part.map { ": `\($0)`" } ?? "")
    }
}

/// Reads a pattern.
struct RegexParser {
    let scalars: [Unicode.Scalar]
    var position = 0
    var flags = Flags()
    private var depth = 0

    struct Flags: Sendable {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = false
        var isUngreedy = false
    }

    private static let maxDepth = 200
    /// Of repetitions, one inside the other multiplied.
    private static let maxRepetition = 1_000

    private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
        var parser = RegexParser(pattern)
        let node = try parser.choice()
        if parser.position < parser.scalars.count { throw RegexError("unexpected )", pattern) }
        return node
    }

    func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard position + wanted.count <= scalars.count, scalars[position..<position + wanted.count].elementsEqual(wanted) else {
            return false
        }
        position += wanted.count
        return true
    }

    func text(from start: Int, to end: Int? = nil) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[start..<min(end ?? position, scalars.count)])
        return String(view)
    }

    func single(_ scalar: Unicode.Scalar) -> RegexNode {
        .scalar(ScalarClass(set: ScalarSet([scalar.value...scalar.value]), ignoresCase: flags.ignoresCase))
    }

    // MARK: Structure

    private mutating func choice() throws(RegexError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw RegexError("expression nests too deeply", text(from: 0, to: scalars.count)) }
        var choices = [try sequence()]
        while take("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(RegexError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let next = peek(), next != "|", next != ")" {
            if take(#"\Q"#) {
                while peek() != nil, !take(#"\E"#) {
                    nodes.append(single(scalars[position]))
                    position += 1
                }
                continue
            }
            let start = position
            guard let atom = try atom() else { continue }
            nodes.append(try repeated(atom, start))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ atom: RegexNode, _ start: Int) throws(RegexError) -> RegexNode {
        var node = atom
        var operators = 0
        while let (low, high, mark) = try bounds() {
            let isLazy = take("?")
            operators += 1
            if operators > 1 { throw RegexError("invalid nested repetition operator", text(from: start).droppingAtom(mark, self)) }
            node = .repetition(node, min: low, max: high, isGreedy: isLazy == flags.isUngreedy)
            if node.writtenOut > Self.maxRepetition { throw RegexError("invalid repeat count", text(from: mark)) }
        }
        return node
    }

    /// A repetition operator with the place where it begins, or nil.
    private mutating func bounds() throws(RegexError) -> (Int, Int?, Int)? {
        let mark = position
        switch peek() {
        case "*": position += 1; return (0, nil, mark)
        case "+": position += 1; return (1, nil, mark)
        case "?": position += 1; return (0, 1, mark)
        case "{":
            guard let (low, high) = counts() else {
                position = mark
                return nil
            }
            guard low <= Self.maxRepetition, high.map({ $0 <= Self.maxRepetition && $0 >= low }) ?? true else {
                throw RegexError("invalid repeat count", text(from: mark))
            }
            return (low, high, mark)
        default: return nil
        }
    }

    /// `{2}`, `{2,}` or `{2,3}`; nil for what is taken as it stands.
    private mutating func counts() -> (Int, Int?)? {
        position += 1
        guard let low = number() else { return nil }
        if take("}") { return (low, low) }
        guard take(",") else { return nil }
        if take("}") { return (low, nil) }
        guard let high = number(), take("}") else { return nil }
        return (low, high)
    }

    private mutating func number() -> Int? {
        let start = position
        while let next = peek(), Lexer.isDigit(next) { position += 1 }
        guard position > start else { return nil }
        return position - start > 6 ? .max : Int(text(from: start))
    }

    /// - Returns: nil for a group that sets flags only.
    private mutating func atom() throws(RegexError) -> RegexNode? {
        let scalar = scalars[position]
        switch scalar {
        case "(": return try group()
        case "[": return try .scalar(bracketed())
        case "*", "+", "?": throw RegexError("missing argument to repetition operator", String(scalar))
        case "{":
            let mark = position
            if counts() != nil { throw RegexError("missing argument to repetition operator", text(from: mark)) }
            position = mark + 1
            return single(scalar)
        case "\\": return try escape()
        default: break
        }
        position += 1
        switch scalar {
        case ".":
            let newline = ScalarSet([10...10])
            return .scalar(ScalarClass(set: flags.dotTakesNewline ? .all : newline.inverted))
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        default: return single(scalar)
        }
    }

    private mutating func group() throws(RegexError) -> RegexNode? {
        let start = position
        position += 1
        let before = flags
        if take("?") {
            if take("P<") || take("<") {
                let name = position
                while let next = peek(), Lexer.isLetter(next) || Lexer.isDigit(next) { position += 1 }
                guard position > name, take(">") else { throw RegexError("invalid named capture", text(from: start, to: position + 1)) }
            } else {
                try readFlags(start)
                if take(")") { return nil }
                guard take(":") else { throw RegexError("missing closing )", text(from: 0, to: scalars.count)) }
            }
        }
        let node = try choice()
        guard take(")") else { throw RegexError("missing closing )", text(from: 0, to: scalars.count)) }
        flags = before
        // A group of its own, so that what follows repeats all of it.
        return .sequence([node])
    }

    private mutating func readFlags(_ start: Int) throws(RegexError) {
        var isOn = true
        while let next = peek(), next != ":", next != ")" {
            position += 1
            switch next {
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotTakesNewline = isOn
            case "U": flags.isUngreedy = isOn
            case "-" where isOn: isOn = false
            default: throw RegexError("invalid or unsupported Perl syntax", text(from: start))
            }
        }
    }
}

extension String {
    /// The two operators that stand behind each other.
    fileprivate func droppingAtom(_ mark: Int, _ parser: RegexParser) -> String { parser.text(from: Swift.max(0, mark - 1)) }
}
