/// Reads an expression by recursive descent. The grammar is that of cel-spec `doc/langdef.md`.
struct Parser {
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private let macros = Macros()

    /// Of nested brackets and operators; deeper trees would need too much stack.
    static let maxDepth = 250
    /// In code points, as cel-go has it.
    static let maxLength = 100_000

    private init(_ tokens: [Token]) { self.tokens = tokens }

    static func parse(_ source: SourceText) throws(Issue) -> Expression {
        guard source.scalars.count <= maxLength else {
            throw Issue(
                offset: 0,
                message: "expression code point size exceeds limit: size: \(source.scalars.count), limit \(maxLength)")
        }
        var parser = Parser(try Lexer.tokens(of: source))
        let expression = try parser.expression()
        guard parser.current.kind == .end else {
            throw parser.unexpected(expecting: "<EOF>")
        }
        return try limited(expression)
    }

    private static func tooDeep(at offset: Int) -> Issue {
        Issue(offset: offset, message: "expression recursion limit exceeded: \(maxDepth)")
    }

    /// A tree that grows by a loop, not by recursion, is bounded here.
    private static func limited(_ expression: Expression) throws(Issue) -> Expression {
        guard expression.depth <= maxDepth else { throw tooDeep(at: expression.offset) }
        return expression
    }

    // MARK: Tokens

    private var current: Token { tokens[position] }
    private var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    private mutating func advance() -> Token {
        let token = current
        if position < tokens.count - 1 { position += 1 }
        return token
    }

    private mutating func take(_ symbol: String) -> Token? { current.isSymbol(symbol) ? advance() : nil }

    @discardableResult
    private mutating func expect(_ symbol: String) throws(Issue) -> Token {
        if let token = take(symbol) { return token }
        if current.kind == .end { throw Issue(offset: current.offset, message: "Syntax error: missing '\(symbol)' at '<EOF>'") }
        throw unexpected(expecting: "'\(symbol)'")
    }

    private func unexpected(expecting: String) -> Issue {
        let isLast = current.kind != .end && following.kind == .end
        let words = isLast && expecting == "<EOF>" ? "extraneous" : "mismatched"
        return Issue(offset: current.offset, message: "Syntax error: \(words) input '\(current.shown)' expecting \(expecting)")
    }

    private static let operands =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

    // MARK: Operators

    private mutating func nested<T>(_ body: (inout Parser) throws(Issue) -> T) throws(Issue) -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maxDepth else { throw Self.tooDeep(at: current.offset) }
        return try body(&self)
    }

    private mutating func expression() throws(Issue) -> Expression {
        try nested { (parser: inout Parser) throws(Issue) in
            let condition = try parser.binary(0)
            guard let mark = parser.take("?") else { return condition }
            let yes = try parser.binary(0)
            try parser.expect(":")
            let no = try parser.expression()
            return Expression(.call(Operator.conditional, target: nil, [condition, yes, no]), at: mark.offset)
        }
    }

    /// From the weakest to the strongest.
    private static let levels: [[String: String]] = [
        ["||": Operator.or], ["&&": Operator.and],
        ["<": "_<_", "<=": "_<=_", ">": "_>_", ">=": "_>=_", "==": Operator.equal, "!=": Operator.unequal, "in": Operator.isIn],
        ["+": "_+_", "-": "_-_"], ["*": "_*_", "/": "_/_", "%": "_%_"],
    ]

    private func binaryOperator(from level: Int) -> (level: Int, name: String)? {
        guard current.kind == .symbol else { return nil }
        for index in level..<Self.levels.count {
            if let name = Self.levels[index][current.text] { return (index, name) }
        }
        return nil
    }

    private mutating func binary(_ minimum: Int) throws(Issue) -> Expression {
        var left = try unary()
        while let (level, name) = binaryOperator(from: minimum) {
            // Chains of && and || become balanced trees: they are long in practice and must not be deep.
            if level < 2 {
                left = try chain(left, level, name)
                continue
            }
            let mark = advance()
            let right = try binary(level + 1)
            left = try Self.limited(Expression(.call(name, target: nil, [left, right]), at: mark.offset))
        }
        return left
    }

    private mutating func chain(_ first: Expression, _ level: Int, _ name: String) throws(Issue) -> Expression {
        let symbol = level == 0 ? "||" : "&&"
        var (terms, marks) = ([first], [Int]())
        while let mark = take(symbol) {
            marks.append(mark.offset)
            terms.append(try binary(level + 1))
        }
        return Self.balanced(terms[...], marks[...], name)
    }

    private static func balanced(_ terms: ArraySlice<Expression>, _ marks: ArraySlice<Int>, _ name: String) -> Expression {
        guard terms.count > 1, let first = terms.first else { return terms[terms.startIndex] }
        if terms.count == 2, let mark = marks.first {
            return Expression(.call(name, target: nil, [first, terms[terms.startIndex + 1]]), at: mark)
        }
        let half = terms.count / 2
        let mark = marks[marks.startIndex + half - 1]
        let left = balanced(terms.prefix(half), marks.prefix(half - 1), name)
        let right = balanced(terms.dropFirst(half), marks.dropFirst(half), name)
        return Expression(.call(name, target: nil, [left, right]), at: mark)
    }

    private mutating func unary() throws(Issue) -> Expression {
        guard current.isSymbol("!") || current.isSymbol("-") else { return try member() }
        if current.isSymbol("-"), [.integer, .double].contains(following.kind) { return try member() }
        let mark = advance()
        var count = 1
        while current.isSymbol(mark.text) {
            // The last minus in front of a number is its sign.
            if mark.text == "-", [.integer, .double].contains(following.kind) { break }
            _ = advance()
            count += 1
        }
        let operand = try member()
        guard count % 2 == 1 else { return operand }
        return Expression(.call(mark.text == "!" ? Operator.not : Operator.negate, target: nil, [operand]), at: mark.offset)
    }

    // MARK: Members

    private mutating func member() throws(Issue) -> Expression {
        var operand = try primary()
        while true {
            if current.isSymbol(".") {
                operand = try selection(of: operand)
            } else if current.isSymbol("[") {
                operand = try index(of: operand)
            } else if current.isSymbol("{"), let name = operand.qualifiedName {
                operand = try message(name)
            } else {
                return operand
            }
            operand = try Self.limited(operand)
        }
    }

    private mutating func selection(of operand: Expression) throws(Issue) -> Expression {
        let dot = advance()
        let isOptional = take("?") != nil
        guard current.kind == .identifier else {
            let shown = current.kind == .end ? "." : ".\(isOptional ? "?" : "")\(current.text)"
            throw Issue(offset: current.offset, message: "Syntax error: no viable alternative at input '\(shown)'")
        }
        let name = advance()
        guard !isOptional, let open = take("(") else {
            return Expression(.select(operand, field: name.text, isOptional: isOptional), at: dot.offset)
        }
        let arguments = try list(until: ")")
        if let expanded = try macros.expand(name.text, target: operand, arguments, at: open.offset) { return expanded }
        return Expression(.call(name.text, target: operand, arguments), at: open.offset)
    }

    private mutating func index(of operand: Expression) throws(Issue) -> Expression {
        let open = advance()
        let isOptional = take("?") != nil
        let key = try expression()
        try expect("]")
        let name = isOptional ? Operator.optionalIndex : Operator.index
        return Expression(.call(name, target: nil, [operand, key]), at: open.offset)
    }

    /// Expressions with commas between, and the bracket behind them.
    private mutating func list(until close: String) throws(Issue) -> [Expression] {
        var elements: [Expression] = []
        if take(close) != nil { return elements }
        repeat { elements.append(try expression()) } while take(",") != nil
        try expect(close)
        return elements
    }

    private mutating func message(_ name: String) throws(Issue) -> Expression {
        let open = advance()
        var fields: [Expression.Field] = []
        while !current.isSymbol("}") {
            let isOptional = take("?") != nil
            guard current.kind == .identifier else { throw unexpected(expecting: "{'}', ',', '?', IDENTIFIER}") }
            let field = advance()
            let colon = try expect(":")
            fields.append(.init(name: field.text, offset: colon.offset, value: try expression(), isOptional: isOptional))
            if take(",") == nil { break }
        }
        try expect("}")
        return Expression(.message(name, fields), at: open.offset)
    }

    // MARK: Primaries

    private mutating func primary() throws(Issue) -> Expression {
        let token = current
        switch token.kind {
        case .identifier: return try identifier()
        case .string, .bytes, .integer, .unsigned, .double: return try literal(sign: "")
        case .end: throw unexpected(expecting: Self.operands)
        case .symbol: break
        }
        switch token.text {
        case "true", "false": return Expression(.literal(.bool(advance().text == "true")), at: token.offset)
        case "null":
            _ = advance()
            return Expression(.literal(.null), at: token.offset)
        case "-" where [.integer, .double].contains(following.kind):
            _ = advance()
            return Expression(try literal(sign: "-").kind, at: token.offset)
        case "(":
            _ = advance()
            let inner = try expression()
            try expect(")")
            return inner
        case "[": return try listLiteral()
        case "{": return try mapLiteral()
        case "." where following.kind == .identifier:
            _ = advance()
            return try identifier()
        default: throw unexpected(expecting: Self.operands)
        }
    }

    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace",
        "return", "var", "void", "while",
    ]

    private mutating func identifier() throws(Issue) -> Expression {
        let name = advance()
        if Self.reserved.contains(name.text) {
            throw Issue(offset: name.offset, message: "reserved identifier: \(name.text)")
        }
        guard let open = take("(") else { return Expression(.identifier(name.text), at: name.offset) }
        let arguments = try list(until: ")")
        if let expanded = try macros.expand(name.text, target: nil, arguments, at: open.offset) { return expanded }
        return Expression(.call(name.text, target: nil, arguments), at: open.offset)
    }

    private mutating func literal(sign: String) throws(Issue) -> Expression {
        let token = advance()
        func number<Number>(_ name: String, _ value: Number?) throws(Issue) -> Number {
            guard let value else { throw Issue(offset: token.offset, message: "invalid \(name) literal") }
            return value
        }
        let value: CELValue
        switch token.kind {
        case .string: value = .string(token.stringValue)
        case .bytes: value = .bytes(token.bytesValue)
        case .integer: value = .int(try number("int", Self.integer(sign, token.text)))
        case .unsigned: value = .uint(try number("uint", Self.integer("", String(token.text.dropLast()))))
        default:
            let read = Double(sign + (token.text.hasPrefix(".") ? "0" : "") + token.text)
            value = .double(try number("double", read.flatMap { $0.isFinite ? $0 : nil }))
        }
        return Expression(.literal(value), at: token.offset)
    }

    private static func integer<Number: FixedWidthInteger>(_ sign: String, _ text: String) -> Number? {
        text.hasPrefix("0x") ? Number(sign + text.dropFirst(2), radix: 16) : Number(sign + text)
    }

    private mutating func listLiteral() throws(Issue) -> Expression {
        let open = advance()
        var elements: [Expression.Element] = []
        while !current.isSymbol("]") {
            let isOptional = take("?") != nil
            elements.append(.init(value: try expression(), isOptional: isOptional))
            if take(",") == nil { break }
        }
        try expect("]")
        return Expression(.list(elements), at: open.offset)
    }

    private mutating func mapLiteral() throws(Issue) -> Expression {
        let open = advance()
        var entries: [Expression.Entry] = []
        while !current.isSymbol("}") {
            let isOptional = take("?") != nil
            let key = try expression()
            try expect(":")
            entries.append(.init(key: key, value: try expression(), isOptional: isOptional))
            if take(",") == nil { break }
        }
        try expect("}")
        return Expression(.map(entries), at: open.offset)
    }
}
