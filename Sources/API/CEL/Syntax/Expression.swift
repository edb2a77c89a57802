/// A parsed expression, its macros already spelled out.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case literal(CELValue)
        case identifier(String)
        /// - Parameter isOptional: `operand.?field`.
        case select(Expression, field: String, isOptional: Bool)
        /// `has(operand.field)`
        case test(Expression, field: String)
        case call(String, target: Expression?, [Expression])
        case list([Element])
        case map([Entry])
        case message(String, [Field])
        case comprehension(Comprehension)
        /// `cel.bind(name, value, body)`
        case bind(String, Expression, Expression)
    }

    struct Element: Sendable {
        var value: Expression
        var isOptional: Bool
    }

    struct Entry: Sendable {
        var key: Expression
        var value: Expression
        var isOptional: Bool
    }

    struct Field: Sendable {
        var name: String
        var offset: Int
        var value: Expression
        var isOptional: Bool
    }

    /// A macro over the elements of a list or the keys of a map.
    struct Comprehension: Sendable {
        enum Operation: String, Sendable {
            case all, exists, existsOne, filter, map, transformList, transformMap, transformMapEntry
        }
        var operation: Operation
        var range: Expression
        /// One name for elements or keys; two for indexes or keys and the elements or values.
        var variables: [String]
        /// What decides; nil where all count.
        var condition: Expression?
        /// What is made of each; nil where the operation only asks.
        var transform: Expression?
    }

    let kind: Kind
    let offset: Int
    /// Of the tree, 1 for a leaf.
    let depth: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
        depth = 1 + (Self.children(of: kind).map(\.depth).max() ?? 0)
    }

    private static func children(of kind: Kind) -> [Expression] {
        switch kind {
        case .literal, .identifier: []
        case .select(let operand, _, _), .test(let operand, _): [operand]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .list(let elements): elements.map(\.value)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .message(_, let fields): fields.map(\.value)
        case .comprehension(let loop): [loop.range] + [loop.condition, loop.transform].compactMap { $0 }
        case .bind(_, let value, let body): [value, body]
        }
    }

    /// `a.b.c` for an identifier with fields, nil for all else.
    var qualifiedName: String? {
        switch kind {
        case .identifier(let name): name
        case .select(let operand, let field, false): operand.qualifiedName.map { "\($0).\(field)" }
        default: nil
        }
    }
}

/// Names of operators as functions.
enum Operator {
    static let (and, or, not, conditional) = ("_&&_", "_||_", "!_", "_?_:_")
    static let (equal, unequal, isIn) = ("_==_", "_!=_", "@in")
    static let (index, optionalIndex, negate) = ("_[_]", "_[?_]", "-_")
}
