package import APIMachinery

/// What a request is about, read from its method, path and query alone.
package struct RequestInfo: Hashable, Sendable {
    /// The API's verb (`get`, `list`, `watch`, `create` …); of a path that is no resource the method in small letters.
    package var verb: String
    /// The path percent-decoded.
    package var path: String
    package var isResourceRequest = false
    /// Empty for the core group.
    package var apiGroup = ""
    package var apiVersion = ""
    /// The plural name as it stands in the path, whether it is served or not.
    package var resource = ""
    package var subresource = ""
    /// Empty for a resource of the cluster and across namespaces. Of a Namespace object its own name, as upstream has it.
    package var namespace = ""
    /// Also where a list is narrowed to one name by a field selector.
    package var name = ""
    /// What stands behind the subresource: the path that a proxy is asked for.
    package var trailingPath: [String] = []
    /// The name stands in the path itself.
    package var isNamed = false

    /// Not bound by the time limit of ordinary requests.
    package var isLongRunning: Bool {
        verb == "watch" || ["log", "exec", "attach", "portforward", "proxy"].contains(subresource)
    }

    package init(_ request: APIRequest) {
        let segments = Self.segments(of: request.path)
        path = "/" + segments.joined(separator: "/")
        verb = request.method.lowercased()
        switch segments.first {
        case "api" where segments.count > 2:
            apiVersion = segments[1]
            readResource(segments[2...], request)
        case "apis" where segments.count > 3:
            apiGroup = segments[1]
            apiVersion = segments[2]
            readResource(segments[3...], request)
        default: break
        }
    }

    /// The parts between slashes, percent-decoded, empty ones left out. Sockets let no path through that is not well encoded.
    static func segments(of path: String) -> [String] {
        path.split(separator: "/").map { PercentEncoding.decoded($0) ?? String($0) }
    }

    private mutating func readResource(_ parts: ArraySlice<String>, _ request: APIRequest) {
        isResourceRequest = true
        var parts = parts
        var isOldWatch = false
        if parts.first == "watch", parts.count > 1 {
            isOldWatch = true
            parts = parts.dropFirst()
        }
        if parts.first == "namespaces", parts.count > 1 {
            let after = parts.dropFirst(2)
            namespace = parts[parts.startIndex + 1]
            if let next = after.first, next != "status", next != "finalize" { parts = after }
        }
        resource = parts.first ?? ""
        name = parts.dropFirst().first ?? ""
        isNamed = !name.isEmpty
        subresource = parts.dropFirst(2).first ?? ""
        trailingPath = Array(parts.dropFirst(3))
        verb = Self.verb(request, isNamed: isNamed, isOldWatch: isOldWatch)
        if ["list", "watch", "deletecollection"].contains(verb), !isNamed { readNameFromSelector(request) }
    }

    private static func verb(_ request: APIRequest, isNamed: Bool, isOldWatch: Bool) -> String {
        switch request.method {
        case "GET", "HEAD":
            if isOldWatch { return "watch" }
            if isNamed { return "get" }
            return request.flag("watch") ? "watch" : "list"
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return isNamed ? "delete" : "deletecollection"
        default: return request.method.lowercased()
        }
    }

    /// So that rights to one object suffice to watch it.
    private mutating func readNameFromSelector(_ request: APIRequest) {
        guard let text = request.parameter("fieldSelector"), let selector = try? FieldSelector(parsing: text),
            let value = selector.requiredValue(of: "metadata.name"), NameValidation.pathSegment(value).isEmpty
        else { return }
        name = value
    }
}

extension APIRequest {
    /// A parameter as upstream reads booleans: absent, `false` and `0` are false, everything else is true, the empty text too.
    package func flag(_ name: String) -> Bool {
        guard let value = parameter(name) else { return false }
        return value.lowercased() != "false" && value != "0"
    }
}
