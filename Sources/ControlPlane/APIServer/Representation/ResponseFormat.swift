package import APIMachinery

/// In which form an answer is wanted: the encoding of its bytes, and the kind into which the object is turned.
package struct ResponseFormat: Hashable, Sendable {
    package enum Encoding: String, Hashable, Sendable {
        case json = "application/json"
        case yaml = "application/yaml"
        case protobuf = "application/vnd.kubernetes.protobuf"
    }
    package enum Transform: Hashable, Sendable {
        case none
        /// - version: Of meta.k8s.io: `v1` or `v1beta1`.
        case table(version: String)
        case partialObjectMetadata(version: String)
        case partialObjectMetadataList(version: String)
    }

    package var encoding = Encoding.json
    package var transform = Transform.none
    package var isPretty = false
    /// Of a Table: how much of the object each row carries.
    package var includeObject = ""

    package static let json = ResponseFormat()
}

extension ResponseFormat {
    static let producible: [Encoding] = [.json, .yaml, .protobuf]

    /// Chooses a form, as upstream does in two steps: first whether the route makes any of the types, then whether one can be turned into the kind.
    ///
    /// - Parameters:
    ///   - isWatchable: The route serves watches too, which its list of types then names.
    ///   - transforms: Tables and partial objects are possible here.
    package static func negotiated(
        _ request: APIRequest, isWatch: Bool = false, isWatchable: Bool = false, transforms: Bool = true
    ) throws(Status) -> ResponseFormat {
        let accept = request.headers["Accept"]
        // What programs ask for most is not taken apart every time.
        if accept == Encoding.json.rawValue {
            return ResponseFormat(isPretty: isPretty(request), includeObject: request.parameter("includeObject") ?? "")
        }
        let ranges = MediaType.ranges(accept: accept)
        guard ranges.contains(where: { $0.essence == "*/*" || Encoding(rawValue: $0.essence) != nil }) else {
            throw notAcceptable(listing: isWatchable)
        }
        for range in ranges {
            guard var format = ResponseFormat(range, transforms: transforms) else { continue }
            if isWatch, format.encoding == .yaml { continue }
            format.isPretty = format.isPretty || isPretty(request)
            format.includeObject = request.parameter("includeObject") ?? ""
            return format
        }
        throw Status(
            code: 406, reason: .notAcceptable,
            message: "only the following media types are accepted: \(producible.map(\.rawValue).joined(separator: ", "))")
    }

    /// The form of an error, or of anything that has but one kind: no refusal, JSON at the worst.
    package static func plain(_ request: APIRequest) -> ResponseFormat {
        var format = (try? negotiated(request, transforms: false)) ?? .json
        format.transform = .none
        return format
    }

    private init?(_ range: MediaType, transforms: Bool) {
        guard range.essence == "*/*" || range.essence == "application/*" || Encoding(rawValue: range.essence) != nil else { return nil }
        encoding = Encoding(rawValue: range.essence) ?? .json
        isPretty = range.parameters["pretty"] == "1"
        guard let kind = range.parameters["as"] else {
            guard range.parameters["g"] == nil || range.parameters["v"] == nil || transforms else { return nil }
            return
        }
        let version = range.parameters["v"] ?? ""
        guard transforms, range.parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { return nil }
        switch kind {
        case "Table": transform = .table(version: version)
        case "PartialObjectMetadata": transform = .partialObjectMetadata(version: version)
        case "PartialObjectMetadataList": transform = .partialObjectMetadataList(version: version)
        default: return nil
        }
    }

    /// Asked for in the query, or the reader is a person: a browser or curl.
    private static func isPretty(_ request: APIRequest) -> Bool {
        if request.parameter("pretty") != nil { return request.flag("pretty") }
        let agent = request.headers["User-Agent"] ?? ""
        return agent.hasPrefix("curl") || agent.hasPrefix("Wget") || agent.hasPrefix("Mozilla/5.0")
    }

    private static func notAcceptable(listing isWatchable: Bool) -> Status {
        var types = producible.map(\.rawValue)
        if isWatchable { types += [Encoding.json, .protobuf].map { "\($0.rawValue);stream=watch" } }
        return Status(
            code: 406, reason: .notAcceptable,
            message: "406: Not Acceptable\n\nAvailable representations: \(types.joined(separator: ", "))", details: Status.Details())
    }
}
