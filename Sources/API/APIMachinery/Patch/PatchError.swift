/// Why a patch cannot be read or applied: `remove operation does not apply: /spec/x: no such member`.
package struct PatchError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The patch itself is not one.
        case malformed
        /// It is one, but not for this value.
        case doesNotApply
    }

    package let reason: Reason
    package let description: String

    package init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }
}
