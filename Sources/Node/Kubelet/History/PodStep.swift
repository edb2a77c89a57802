package import APIMachinery

/// One thing that the node agent did for a pod, or saw of it, with its times.
package struct PodStep: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The agent learned of the pod.
        case accepted
        case volumes, sandbox, image, create, start, postStart
        /// From a container's start to its end.
        case run
        /// A wait before a container is started, or an image pulled, again.
        case backOff, pullBackOff
        case preStop, stop
        /// A probe changed its mind.
        case probe
        /// Somebody wants the pod gone.
        case deletion
    }
    package var kind: Kind
    /// Empty: the whole pod's.
    package var container: String
    /// Which instance of the container; the first is 0.
    package var attempt: Int?
    package var begin: Timestamp
    /// nil: it goes on. Of a wait, when it is over. The same as `begin`: it took no time.
    package var end: Timestamp?
    /// Empty: it went well.
    package var failure: String
    package var detail: String

    package init(
        _ kind: Kind, container: String = "", attempt: Int? = nil, begin: Timestamp, end: Timestamp? = nil, failure: String = "",
        detail: String = ""
    ) {
        self.kind = kind
        self.container = container
        self.attempt = attempt
        self.begin = begin
        self.end = end
        self.failure = failure
        self.detail = detail
    }
}

extension PodStep {
    /// `{"step", "container", "attempt", "begin", "end", "failure", "detail"}`; what is empty is left out.
    package var json: JSONValue {
        var object = JSONObject()
        object["step"] = .string(kind.rawValue)
        if !container.isEmpty { object["container"] = .string(container) }
        if let attempt { object["attempt"] = .integer(Int64(attempt)) }
        object["begin"] = .string(begin.formatted(fractionDigits: 6))
        if let end { object["end"] = .string(end.formatted(fractionDigits: 6)) }
        if !failure.isEmpty { object["failure"] = .string(failure) }
        if !detail.isEmpty { object["detail"] = .string(detail) }
        return .object(object)
    }

    /// nil: it is none, or of a kind that is not known here.
    package init?(_ json: JSONValue) {
        guard let kind = json["step"]?.stringValue.flatMap({ Kind(rawValue: $0) }),
            let begin = json["begin"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            kind, container: json["container"]?.stringValue ?? "", attempt: json["attempt"]?.integerValue.map { Int($0) }, begin: begin,
            end: json["end"]?.stringValue.flatMap { Timestamp($0) }, failure: json["failure"]?.stringValue ?? "",
            detail: json["detail"]?.stringValue ?? "")
    }
}
