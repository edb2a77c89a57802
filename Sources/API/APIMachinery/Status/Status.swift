/// The answer that says how a request ended, `metav1.Status`.
package struct Status: Error, Hashable, Sendable {
    package struct Cause: Hashable, Sendable {
        /// The kind of a field's error, or another machine-readable reason.
        package var reason: String
        package var message: String
        /// A field's path, or empty.
        package var field: String

        package init(reason: String, message: String, field: String) {
            self.reason = reason
            self.message = message
            self.field = field
        }

        package init(_ error: FieldError) {
            self.init(reason: error.kind.rawValue, message: error.body, field: error.path.description)
        }
    }

    package struct Details: Hashable, Sendable {
        package var name = ""
        package var group = ""
        /// The kind, or the resource's plural name, as the reason demands.
        package var kind = ""
        package var uid = ""
        package var causes: [Cause] = []
        package var retryAfterSeconds: Int32 = 0

        package init() {}
    }

    package var isSuccess: Bool
    package var code: Int32
    package var reason: StatusReason
    package var message: String
    package var details: Details?

    package init(
        isSuccess: Bool = false, code: Int32, reason: StatusReason, message: String, details: Details? = nil
    ) {
        self.isSuccess = isSuccess
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }
}

/// The machine-readable reason of a Status. The set is open.
package struct StatusReason: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let unknown = StatusReason(rawValue: "")
    package static let unauthorized = StatusReason(rawValue: "Unauthorized")
    package static let forbidden = StatusReason(rawValue: "Forbidden")
    package static let notFound = StatusReason(rawValue: "NotFound")
    package static let alreadyExists = StatusReason(rawValue: "AlreadyExists")
    package static let conflict = StatusReason(rawValue: "Conflict")
    package static let gone = StatusReason(rawValue: "Gone")
    package static let invalid = StatusReason(rawValue: "Invalid")
    package static let expired = StatusReason(rawValue: "Expired")
    package static let serverTimeout = StatusReason(rawValue: "ServerTimeout")
    package static let timeout = StatusReason(rawValue: "Timeout")
    package static let tooManyRequests = StatusReason(rawValue: "TooManyRequests")
    package static let badRequest = StatusReason(rawValue: "BadRequest")
    package static let methodNotAllowed = StatusReason(rawValue: "MethodNotAllowed")
    package static let notAcceptable = StatusReason(rawValue: "NotAcceptable")
    package static let requestEntityTooLarge = StatusReason(rawValue: "RequestEntityTooLarge")
    package static let unsupportedMediaType = StatusReason(rawValue: "UnsupportedMediaType")
    package static let internalError = StatusReason(rawValue: "InternalError")
    package static let serviceUnavailable = StatusReason(rawValue: "ServiceUnavailable")
}

extension Status: CustomStringConvertible {
    package var description: String { message.isEmpty ? reason.rawValue : message }
}

extension Status {
    /// An object that does not pass validation: 422 with a cause for each field.
    ///
    /// - Parameter group: Stands behind the kind in the message, unless it is the core group's empty name.
    package static func invalid(kind: String, group: String, name: String, _ errors: [FieldError]) -> Status {
        var details = Details()
        details.name = name
        details.group = group
        details.kind = kind
        details.causes = errors.map { Cause($0) }
        let qualifiedKind = group.isEmpty ? kind : "\(kind).\(group)"
        let texts = errors.map(\.description)
        let text = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return Status(
            code: 422, reason: .invalid, message: "\(qualifiedKind) \(name.quoted) is invalid: \(text)",
            details: details)
    }

    /// - Parameter resource: The plural name, behind which the group stands in the message.
    package static func notFound(resource: String, group: String, name: String) -> Status {
        var details = Details()
        details.name = name
        details.group = group
        details.kind = resource
        return Status(
            code: 404, reason: .notFound,
            message: "\(qualified(resource, group)) \(name.quoted) not found", details: details)
    }

    package static func alreadyExists(resource: String, group: String, name: String) -> Status {
        var details = Details()
        details.name = name
        details.group = group
        details.kind = resource
        return Status(
            code: 409, reason: .alreadyExists,
            message: "\(qualified(resource, group)) \(name.quoted) already exists", details: details)
    }

    package static func conflict(resource: String, group: String, name: String, _ why: String) -> Status {
        var details = Details()
        details.name = name
        details.group = group
        details.kind = resource
        return Status(
            code: 409, reason: .conflict,
            message: "Operation cannot be fulfilled on \(qualified(resource, group)) \(name.quoted): \(why)",
            details: details)
    }

    package static func badRequest(_ message: String) -> Status {
        Status(code: 400, reason: .badRequest, message: message)
    }

    private static func qualified(_ resource: String, _ group: String) -> String {
        group.isEmpty ? resource : "\(resource).\(group)"
    }
}
