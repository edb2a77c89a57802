internal import APIMachinery
internal import Storage

/// Statuses of the server itself, and the store's errors as statuses.
extension Status {
    static func internalError(_ text: String) -> Status {
        var details = Details()
        details.causes = [Cause(reason: "", message: text, field: "")]
        return Status(code: 500, reason: .internalError, message: "Internal error occurred: \(text)", details: details)
    }

    /// No such resource, version or subresource, in the words of upstream's router.
    static let unknownResource = Status(
        code: 404, reason: .notFound, message: "the server could not find the requested resource", details: Details())

    static let methodNotAllowed = Status(
        code: 405, reason: .methodNotAllowed, message: "the server does not allow this method on the requested resource",
        details: Details())

    static func expired(_ message: String) -> Status { Status(code: 410, reason: .expired, message: message) }

    static func tooLargeVersion(_ version: Int64, current: Int64) -> Status {
        var details = Details()
        details.causes = [Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")]
        details.retryAfterSeconds = 1
        return Status(
            code: 504, reason: .timeout, message: "Timeout: Too large resource version: \(version), current: \(current)", details: details)
    }

    /// - Parameter operation: What was tried, for the message.
    init(_ error: StorageError, _ operation: String) {
        switch error {
        case .closed:
            self.init(code: 503, reason: .serviceUnavailable, message: "the server is shutting down")
        case .full(let detail):
            self.init(code: 507, reason: StatusReason(rawValue: "InsufficientStorage"), message: "\(operation): \(detail)")
        default:
            self = .internalError("\(operation): \(error)")
        }
    }
}
