/// Why an expression has no value.
package struct CELEvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The expression met what it cannot deal with; `&&` and `||` may decide without it.
        case value
        /// One evaluation cost more than any may.
        case expressionLimit
        /// Together with those before it the evaluation cost more than was left.
        case budget
    }

    package let kind: Kind
    /// In cel-go's words: `no such key: x`.
    package let description: String

    package init(_ description: String, kind: Kind = .value) {
        self.description = description
        self.kind = kind
    }

    /// It ends the evaluation whatever else the expression says.
    var isFinal: Bool { kind != .value }

    package static let noSuchOverload = CELEvaluationError("no such overload")
    package static func noSuchKey(_ key: String) -> CELEvaluationError { CELEvaluationError("no such key: \(key)") }
    static func noSuchOverload(_ function: String, _ arguments: [CELValue]) -> CELEvaluationError {
        CELEvaluationError("no such overload: \(function)(\(arguments.map(\.type.runtimeName).joined(separator: ", ")))")
    }
}
