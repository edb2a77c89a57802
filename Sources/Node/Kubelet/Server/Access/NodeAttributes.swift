/// What a request to the node agent is about, in the words of authorization: a verb on a subresource of its node.
///
/// After the kubelet's NodeAuthorizerAttributesGetter, with fine-grained subresources (KEP-2862).
struct NodeAttributes: Hashable, Sendable {
    var verb: String
    /// One of them suffices; the finest first.
    var subresources: [String]

    init(method: String, path: String) {
        verb =
            switch method {
            case "POST": "create"
            case "GET", "HEAD": "get"
            case "PUT": "update"
            case "PATCH": "patch"
            case "DELETE": "delete"
            default: ""
            }
        subresources = Self.subresources(path)
    }

    private static func subresources(_ path: String) -> [String] {
        func isBelow(_ prefix: String) -> Bool { path == prefix || path.hasPrefix(prefix + "/") }
        if isBelow("/stats") { return ["stats"] }
        if isBelow("/metrics") { return ["metrics"] }
        // "/logs/" to the dot: a container's log is asked for at /containerLogs.
        if isBelow("/logs") { return ["log"] }
        if isBelow("/checkpoint") { return ["checkpoint"] }
        if isBelow("/healthz") { return ["healthz", "proxy"] }
        if isBelow("/configz") { return ["configz", "proxy"] }
        if isBelow("/pods") || isBelow("/runningpods") { return ["pods", "proxy"] }
        return ["proxy"]
    }
}
