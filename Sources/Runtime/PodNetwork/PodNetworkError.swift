/// A step of the pod network that failed, outermost first:
/// `attach sandbox 4f2a to the pod network: add address 10.244.0.2/24 to link 2: File exists`.
package struct PodNetworkError: Error, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The configuration cannot work; the operation says which field.
        case invalidConfiguration
        /// No pod address is free.
        case exhausted
        /// The sandbox has a network already.
        case alreadyExists
        /// The kernel lacks or refuses something; the operation says how to mend it.
        case unavailable
        case failed
    }

    package var code: Code
    /// What was tried, on what, with which value.
    package var operation: String
    package var cause: (any Error)?

    package init(_ code: Code, _ operation: String, cause: (any Error)? = nil) {
        (self.code, self.operation, self.cause) = (code, operation, cause)
    }

    package var description: String { cause.map { "\(operation): \($0)" } ?? operation }

    /// Puts a step in front of a cause and keeps the cause's code.
    static func step(_ operation: String, _ cause: any Error) -> PodNetworkError {
        PodNetworkError((cause as? PodNetworkError)?.code ?? .failed, operation, cause: cause)
    }
}
