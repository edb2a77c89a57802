/// An error of the container runtime.
///
/// Reads as one line, outermost first: `start container web/app: write "50000 100000" to cpu.max: Device or resource busy`.
package struct RuntimeError: Error, Sendable, CustomStringConvertible {
    /// What a caller may branch on; the rest is for people.
    package enum Code: Sendable, Hashable {
        case notFound, alreadyExists, invalidArgument, failedPrecondition, resourceExhausted, deadlineExceeded, unavailable
        case unimplemented, failed
    }
    package var code: Code
    /// What was tried, on what, with which value.
    package var operation: String
    package var cause: (any Error)?

    package init(_ code: Code, _ operation: String, cause: (any Error)? = nil) {
        self.code = code
        self.operation = operation
        self.cause = cause
    }

    package var description: String { cause.map { "\(operation): \($0)" } ?? operation }
}
