package import LinuxSystem
package import SupervisorAPI

/// A call to a pod's supervisor that did not succeed.
package struct SupervisorError: Error, Sendable, CustomStringConvertible {
    package enum Reason: Error {
        /// The supervisor understood and did not do it.
        case refused(Refusal)
        /// No answer in time. It may still be carried out.
        case timedOut
        /// The supervisor has ended, or has closed the connection.
        case gone
        /// No protocol version in common.
        case incompatible(String)
        /// What came is not an answer.
        case malformed
        case system(SystemError)
    }

    package struct Refusal: Sendable, Hashable {
        package var kind: SupervisorAPI.Refusal.Kind
        package var errno: Errno
        /// `enum clinux_step`; of a process that did not come up.
        package var step: Int32
        /// Index of the plan's operation, -1 before the first.
        package var op: Int32
        /// What the supervisor tried, on what, with which value.
        package var detail: String

        init(_ message: SupervisorAPI.Refusal) {
            kind = message.kind
            errno = Errno(rawValue: message.errorNumber)
            step = message.step
            op = message.operation
            detail = String(decoding: message.detail, as: UTF8.self)
        }
    }

    package var operation: String
    package var reason: Reason

    package init(operation: String, reason: Reason) {
        self.operation = operation
        self.reason = reason
    }

    package var description: String { "\(operation): \(reason)" }
}

extension SupervisorError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal): "\(refusal)"
        case .timedOut: "no answer in time"
        case .gone: "the supervisor is gone"
        case .incompatible(let detail): "the supervisor speaks another protocol version: \(detail)"
        case .malformed: "the answer is not one of the supervisor's protocol"
        case .system(let error): "\(error)"
        }
    }
}

extension SupervisorError.Refusal: CustomStringConvertible {
    package var description: String {
        let place = kind == .spawn ? "operation \(op) of the plan" : ""
        let cause = errno.rawValue == 0 ? "" : "\(errno)"
        return [place, detail, cause].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
