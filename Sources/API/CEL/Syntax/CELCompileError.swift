/// Why an expression is none.
package struct CELCompileError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// It does not follow the grammar.
        case syntax
        /// It names or combines what does not fit.
        case type
        /// It gives a value of another type than asked for.
        case result
    }

    package let kind: Kind
    /// In cel-go's words, for example `compilation failed: ERROR: <input>:1:5: undefined field 'b'` with the line and a caret.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// One thing that is wrong at one place.
struct Issue: Error {
    /// In scalars from the source's begin.
    var offset: Int
    var message: String
}
