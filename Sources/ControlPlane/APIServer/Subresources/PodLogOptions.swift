internal import APIMachinery

/// core/v1 PodLogOptions from the query.
struct PodLogOptions: Hashable, Sendable {
    var container = ""
    var follow = false
    var previous = false
    var timestamps = false
    var insecureSkipTLSVerifyBackend = false
    var sinceSeconds: Int64?
    var sinceTime: Timestamp?
    var tailLines: Int64?
    var limitBytes: Int64?

    /// - Throws: 400 for what cannot be read, 422 for what makes no sense.
    init(_ request: APIRequest, podName: String) throws(Status) {
        container = request.parameter("container") ?? ""
        follow = request.flag("follow")
        previous = request.flag("previous")
        timestamps = request.flag("timestamps")
        insecureSkipTLSVerifyBackend = request.flag("insecureSkipTLSVerifyBackend")
        sinceSeconds = try Self.integer("sinceSeconds", request)
        tailLines = try Self.integer("tailLines", request)
        limitBytes = try Self.integer("limitBytes", request)
        if let text = request.parameter("sinceTime"), !text.isEmpty {
            guard let time = Timestamp(text) else {
                throw .badRequest("parsing time \(text.quoted) as \"2006-01-02T15:04:05Z07:00\": cannot parse \(text.quoted) as \"2006\"")
            }
            sinceTime = time
        }
        let problems = problems
        guard problems.isEmpty else { throw .invalid(kind: "PodLogOptions", group: "", name: podName, problems) }
    }

    private static func integer(_ name: String, _ request: APIRequest) throws(Status) -> Int64? {
        guard let text = request.parameter(name), !text.isEmpty else { return nil }
        guard let value = Int64(text) else { throw .badRequest("strconv.ParseInt: parsing \(text.quoted): invalid syntax") }
        return value
    }

    private var problems: [FieldError] {
        var problems: [FieldError] = []
        if let tailLines, tailLines < 0 {
            problems.append(.invalid(FieldPath("tailLines"), .integer(tailLines), "must be greater than or equal to 0"))
        }
        if let limitBytes, limitBytes < 1 {
            problems.append(.invalid(FieldPath("limitBytes"), .integer(limitBytes), "must be greater than 0"))
        }
        if sinceSeconds != nil, sinceTime != nil {
            problems.append(.forbidden(FieldPath(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
        } else if let sinceSeconds, sinceSeconds < 1 {
            problems.append(.invalid(FieldPath("sinceSeconds"), .integer(sinceSeconds), "must be greater than 0"))
        }
        return problems
    }

    /// What the node agent is told, in alphabetical order.
    var query: [APIRequest.Parameter] {
        var query: [APIRequest.Parameter] = []
        func add(_ name: String, _ value: String?) { if let value { query.append(.init(name: name, value: value)) } }
        add("follow", follow ? "true" : nil)
        add("limitBytes", limitBytes.map(String.init))
        add("previous", previous ? "true" : nil)
        add("sinceSeconds", sinceSeconds.map(String.init))
        add("sinceTime", sinceTime?.description)
        add("tailLines", tailLines.map(String.init))
        add("timestamps", timestamps ? "true" : nil)
        return query
    }
}
