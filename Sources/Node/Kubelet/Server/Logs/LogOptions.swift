internal import APIMachinery

/// What a client wants of a container's log: core/v1 PodLogOptions as the node agent gets them.
struct LogOptions: Hashable, Sendable {
    var follow = false
    var previous = false
    var timestamps = false
    /// Entries from this time on.
    var since: Timestamp?
    /// The last so many lines.
    var tailLines: Int64?
    /// Of the answer.
    var limitBytes: Int64?
    var streams: Set<ContainerLogLine.Stream> = [.stdout, .stderr]

    init() {}

    /// - Throws: What is wrong with the query.
    init(_ request: APIRequest, now: Timestamp) throws(KubeletRefusal) {
        follow = Self.flag("follow", request)
        previous = Self.flag("previous", request)
        timestamps = Self.flag("timestamps", request)
        tailLines = try Self.number("tailLines", least: 0, request)
        limitBytes = try Self.number("limitBytes", least: 1, request)
        if let text = request.parameter("sinceTime"), !text.isEmpty {
            guard let time = Timestamp(text) else { throw .invalidQuery("sinceTime", text) }
            since = time
        }
        if let seconds = try Self.number("sinceSeconds", least: 1, request) {
            guard since == nil else { throw KubeletRefusal(422, "at most one of `sinceTime` or `sinceSeconds` may be specified") }
            since = now - .seconds(seconds)
        }
        switch request.parameter("stream") ?? "All" {
        case "All", "": break
        case "Stdout": streams = [.stdout]
        case "Stderr": streams = [.stderr]
        case let other: throw .invalidQuery("stream", other)
        }
    }

    private static func flag(_ name: String, _ request: APIRequest) -> Bool {
        // As Go's conversion of queries: anything but 0 and false is true, an empty value too.
        guard let text = request.parameter(name) else { return false }
        return !["0", "false"].contains(text.lowercased())
    }

    private static func number(_ name: String, least: Int64, _ request: APIRequest) throws(KubeletRefusal) -> Int64? {
        // "all" is what old clients say for every line.
        guard let text = request.parameter(name), !text.isEmpty, !(name == "tailLines" && text == "all") else { return nil }
        guard let value = Int64(text), value >= least else { throw .invalidQuery(name, text) }
        return value
    }
}

extension KubeletRefusal {
    fileprivate static func invalidQuery(_ name: String, _ value: String) -> KubeletRefusal {
        KubeletRefusal(422, "\(name): Invalid value: \"\(value)\"")
    }
}
