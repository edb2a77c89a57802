internal import APIMachinery

extension APIServer {
    /// Requests on anything that is no resource.
    func handleURL(_ request: APIRequest, _ info: RequestInfo) async throws(Status) -> APIResponse {
        let segments = RequestInfo.segments(of: request.path)
        let known: APIResponse?
        switch segments.first {
        case nil: known = try rootPaths(request)
        case "api", "apis": known = try discover(request, segments)
        case "version" where segments.count == 1: known = try document(configuration.version, request)
        case "healthz", "livez", "readyz": return await health(request, segments)
        case "openapi": known = try await openAPI(request, segments)
        default: known = nil
        }
        guard let known else { return .pathNotFound }
        guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
        return known
    }

    private var discoveryDocuments: DiscoveryDocuments {
        let services = extensionServices
        return DiscoveryDocuments(
            registry: registry, extensions: services.map { ($0, aggregation.documents(of: $0.name)) })
    }

    /// The group versions of other servers. What was made of them before they changed is forgotten.
    var extensionServices: [AggregatedService] {
        if aggregation.hasChanged() { discovery.invalidate() }
        return aggregation.all
    }

    private func document(_ object: JSONObject, _ request: APIRequest) throws(Status) -> APIResponse {
        let format = try ResponseFormat.negotiated(request, transforms: false)
        return .body(try ResponseEncoder.encode(object, format), format)
    }

    private func discover(_ request: APIRequest, _ segments: [String]) throws(Status) -> APIResponse? {
        let isCore = segments[0] == "api"
        let documents = discoveryDocuments
        switch (isCore, segments.count) {
        case (_, 1):
            if let version = Self.aggregatedVersion(request) { return aggregated(request, isCore, version, documents) }
            var response = try document(isCore ? documents.apiVersions() : documents.groupList(), request)
            response.headers["Vary"] = "Accept"
            return response
        case (true, 2):
            guard let list = documents.resourceList(group: "", version: segments[1]) else { throw .unknownResource }
            return try document(list, request)
        case (false, 2): return try documents.group(segments[1]).map { group throws(Status) in try document(group, request) }
        case (false, 3):
            guard registry.hasGroup(segments[1]) else { return nil }
            guard let list = documents.resourceList(group: segments[1], version: segments[2]) else { throw .unknownResource }
            return try document(list, request)
        default: return nil
        }
    }

    /// The version of apidiscovery.k8s.io that is wanted most; nil when the old document is.
    private static func aggregatedVersion(_ request: APIRequest) -> String? {
        for range in MediaType.ranges(accept: request.headers["Accept"]) {
            let parameters = range.parameters
            if range.essence == "application/json", parameters["as"] == "APIGroupDiscoveryList", parameters["g"] == "apidiscovery.k8s.io",
                let version = parameters["v"], version == "v2" || version == "v2beta1"
            {
                return version
            }
            if ["*/*", "application/json", "application/yaml", ResponseFormat.Encoding.protobuf.rawValue].contains(range.essence),
                parameters["as"] == nil
            {
                return nil
            }
        }
        return nil
    }

    private func aggregated(_ request: APIRequest, _ isCore: Bool, _ version: String, _ documents: DiscoveryDocuments) -> APIResponse {
        let entry = discovery.entry("\(isCore)/\(version)") { documents.aggregated(isCore: isCore, version: version) }
        let headers: HTTPHeaders = ["Cache-Control": "public", "ETag": entry.etag, "Vary": "Accept"]
        if let known = request.headers["If-None-Match"], known.split(separator: ",").contains(where: { $0.contains(entry.etag) }) {
            return APIResponse(status: 304, headers: headers)
        }
        var response = APIResponse(status: 200, headers: headers, body: .bytes(entry.bytes))
        response.headers["Content-Type"] = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        return response
    }

    private func rootPaths(_ request: APIRequest) throws(Status) -> APIResponse {
        var paths = ["/api", "/apis", "/healthz", "/livez", "/readyz", "/version", "/metrics", "/openapi/v2", "/openapi/v3"]
        for service in extensionServices { paths += ["/apis/\(service.group)", service.root] }
        for groupVersion in registry.groupVersions {
            if groupVersion.group.isEmpty {
                paths.append("/api/\(groupVersion.version)")
            } else {
                paths += ["/apis/\(groupVersion.group)", "/apis/\(groupVersion.text)"]
            }
        }
        return try document(["paths": .array(Set(paths).sorted().map { .string($0) })], request)
    }
}
