package import APIMachinery
package import HTTPClient

/// Why a request brought no result.
package enum ClientError: Error, Hashable, CustomStringConvertible {
    /// The server said no, or can't.
    case status(Status)
    /// There was no answer.
    case transport(TransportError)
    /// The answer is not what was asked for.
    case unreadable(String)

    package var status: Status? {
        if case .status(let status) = self { status } else { nil }
    }
    package var isNotFound: Bool { status?.reason == .notFound }
    package var isConflict: Bool { status?.reason == .conflict }
    package var isAlreadyExists: Bool { status?.reason == .alreadyExists }
    /// The revision asked for is no longer kept: list again.
    package var isExpired: Bool { status.map { $0.code == 410 } ?? false }
    /// The revision asked for is none that the server has had: it was set back. List again.
    package var isVersionTooLarge: Bool {
        guard let status, status.code == 504 else { return false }
        return status.details?.causes.contains { $0.reason == "ResourceVersionTooLarge" } ?? false
    }
    /// Trying the same request again later may succeed.
    package var isTemporary: Bool {
        switch self {
        case .status(let status): [429, 500, 502, 503, 504].contains(status.code)
        case .transport: true
        case .unreadable: false
        }
    }
    /// How long the server asks to wait.
    package var retryAfter: Duration? {
        guard let seconds = status?.details?.retryAfterSeconds, seconds > 0 else { return nil }
        return .seconds(Int64(seconds))
    }

    package var description: String {
        switch self {
        case .status(let status): status.description
        case .transport(let error): error.description
        case .unreadable(let detail): detail
        }
    }
}
