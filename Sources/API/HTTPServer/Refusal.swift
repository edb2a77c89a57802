internal import APIMachinery

/// An answer that the HTTP server gives itself, as a Status, since the request never gets to the handler.
struct Refusal {
    let status: Status

    init(_ status: Status) { self.status = status }

    static func bodyTooLarge(limitBytes: Int) -> Refusal {
        Refusal(
            Status(
                code: 413, reason: .requestEntityTooLarge, message: "Request entity too large: limit is \(limitBytes)"))
    }

    static let urlTooLong = Refusal(Status(code: 414, reason: .badRequest, message: "the URL of the request is too long"))
    static let headerTooLarge = Refusal(
        Status(code: 431, reason: .badRequest, message: "the header of the request is too large"))
    static let malformed = Refusal(Status(code: 400, reason: .badRequest, message: "the request is not well-formed HTTP"))
    static let timedOut = Refusal(Status(code: 408, reason: .timeout, message: "the request did not arrive in time"))

    static var overloaded: Refusal {
        var details = Status.Details()
        details.retryAfterSeconds = 1
        return Refusal(
            Status(
                code: 429, reason: .tooManyRequests, message: "too many requests are being received, please try again later",
                details: details))
    }

    var headers: HTTPHeaders {
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-cache, private"]
        if let seconds = status.details?.retryAfterSeconds, seconds > 0 { headers["Retry-After"] = "\(seconds)" }
        return headers
    }

    var body: [UInt8] { status.json.serialized(.compact) }

    var response: APIResponse { APIResponse(status: Int(status.code), headers: headers, body: .bytes(body)) }
}
