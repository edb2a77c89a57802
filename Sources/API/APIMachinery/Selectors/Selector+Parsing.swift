/// A text that is no selector: what was found where something else belongs.
package struct SelectorError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
}

extension Selector {
    /// Reads `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, `k>1`, `k<1`, joined by commas.
    package init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text: text)
        self.init(try parser.selector())
    }
}

private struct SelectorParser {
    enum Token: Hashable {
        case word(String)
        case symbol(String)
        case end
    }

    private var tokens: [Token]
    private var position = 0

    init(text: String) { tokens = Self.tokens(of: text) }

    private static func tokens(of text: String) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if let symbol = ["==", "!=", "=", "!", ",", "(", ")", ">", "<"].first(where: { rest.hasPrefix($0) }) {
                tokens.append(.symbol(symbol))
                rest.removeFirst(symbol.count)
            } else {
                let word = rest.prefix { !$0.isWhitespace && !"=!,()><".contains($0) }
                tokens.append(.word(String(word)))
                rest.removeFirst(word.count)
            }
        }
        return tokens + [.end]
    }

    private var token: Token { tokens[min(position, tokens.count - 1)] }

    private mutating func take(_ symbol: String) -> Bool {
        guard token == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private func unexpected(_ expected: String) -> SelectorError {
        let found =
            switch token {
            case .word(let text), .symbol(let text): text
            case .end: ""
            }
        return SelectorError(description: "found '\(found)', expected: \(expected)")
    }

    mutating func selector() throws(SelectorError) -> [Selector.Requirement] {
        var requirements: [Selector.Requirement] = []
        if token == .end { return requirements }
        while true {
            requirements.append(try requirement())
            if token == .end { return requirements }
            guard take(",") else { throw unexpected("',' or 'end of string'") }
            switch token {
            case .word, .symbol("!"): break
            default: throw unexpected("identifier after ','")
            }
        }
    }

    private mutating func requirement() throws(SelectorError) -> Selector.Requirement {
        let isNegated = take("!")
        guard case .word(let key) = token else {
            throw unexpected(isNegated ? "identifier" : "!, identifier, or 'end of string'")
        }
        position += 1
        if let problem = NameValidation.qualifiedName(key).first {
            throw SelectorError(description: "<nil>: Invalid value: \(key.quoted): \(problem)")
        }
        if isNegated { return Selector.Requirement(key: key, operator: .doesNotExist) }
        if token == .end || token == .symbol(",") { return Selector.Requirement(key: key, operator: .exists) }
        let requirement = try comparison(of: key)
        try check(requirement)
        return requirement
    }

    private mutating func comparison(of key: String) throws(SelectorError) -> Selector.Requirement {
        if take("=") || take("==") { return .init(key: key, operator: .in, values: [try exactValue()]) }
        if take("!=") { return .init(key: key, operator: .notIn, values: [try exactValue()]) }
        if take(">") { return .init(key: key, operator: .greaterThan, values: [try exactValue()]) }
        if take("<") { return .init(key: key, operator: .lessThan, values: [try exactValue()]) }
        switch token {
        case .word("in"):
            position += 1
            return .init(key: key, operator: .in, values: try valueSet())
        case .word("notin"):
            position += 1
            return .init(key: key, operator: .notIn, values: try valueSet())
        default: throw unexpected("in, notin, =, ==, !=, gt, lt")
        }
    }

    /// Empty at the end and before a comma: `k=` asks for the empty value.
    private mutating func exactValue() throws(SelectorError) -> String {
        switch token {
        case .word, .end, .symbol(","): return value()
        default: throw unexpected("identifier")
        }
    }

    /// One of a set, which may be empty: `k in (a,)`.
    private mutating func value() -> String {
        guard case .word(let text) = token else { return "" }
        position += 1
        return text
    }

    private mutating func valueSet() throws(SelectorError) -> [String] {
        guard take("(") else { throw unexpected("'('") }
        var values = [value()]
        while take(",") { values.append(value()) }
        guard take(")") else { throw unexpected("',' or ')'") }
        return values
    }

    private func check(_ requirement: Selector.Requirement) throws(SelectorError) {
        let isComparison = requirement.operator == .greaterThan || requirement.operator == .lessThan
        for value in requirement.values {
            if isComparison, Int64(value) == nil {
                throw SelectorError(
                    description:
                        "values[0]: Invalid value: \(value.quoted): for 'Gt', 'Lt' operators, the value must be an integer"
                )
            }
            if let problem = NameValidation.labelValue(value).first {
                throw SelectorError(
                    description: "values[0][\(requirement.key)]: Invalid value: \(value.quoted): \(problem)")
            }
        }
    }
}
