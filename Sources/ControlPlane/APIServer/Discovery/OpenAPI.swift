internal import APIMachinery
internal import KubernetesAPI

/// `/openapi/v2` and `/openapi/v3`, kept as bytes until something else is served.
extension APIServer {
    func openAPI(_ request: APIRequest, _ segments: [String]) throws(Status) -> APIResponse? {
        guard segments.count > 1 else { return nil }
        switch segments[1] {
        case "v2" where segments.count == 2:
            let entry = discovery.entry("openapi/v2") {
                OpenAPIDocuments.v2(builtIn: builtInServed, custom: customDocuments).objectValue ?? [:]
            }
            return openAPIResponse(entry, request, isImmutable: false)
        case "v3" where segments.count == 2:
            let entry = discovery.entry("openapi/v3") { openAPIIndex().objectValue ?? [:] }
            var response = APIResponse.body(entry.bytes, .json)
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
            return response
        case "v3":
            let path = segments.dropFirst(2).joined(separator: "/")
            guard let groupVersion = registry.groupVersions.first(where: { Self.documentPath($0) == path }) else { return nil }
            let entry = document(groupVersion)
            return openAPIResponse(entry, request, isImmutable: request.parameter("hash") != nil)
        default: return nil
        }
    }

    private static func documentPath(_ groupVersion: ResourceRegistry.GroupVersion) -> String {
        OpenAPIDocuments.path(group: groupVersion.group, version: groupVersion.version)
    }

    private func document(_ groupVersion: ResourceRegistry.GroupVersion) -> DiscoveryCache.Entry {
        discovery.entry("openapi/v3/\(groupVersion.text)") {
            let custom = customDocuments
            return OpenAPIDocuments.v3(
                group: groupVersion.group, version: groupVersion.version, builtIn: builtInServed, custom: custom
            ).objectValue ?? [:]
        }
    }

    /// The hashes need every document; they are made here once, and served from memory afterwards.
    private func openAPIIndex() -> JSONValue {
        OpenAPIDocuments.index(
            registry.groupVersions.map { (path: Self.documentPath($0), hash: OpenAPIDocuments.hash(of: document($0).bytes)) })
    }

    /// The built-in resources that are served, of all that the tables know.
    private var builtInServed: [ServedResource] {
        let registry = registry
        return ServedResource.builtIn.filter {
            registry.resource(group: $0.kind.group, version: $0.kind.version, plural: $0.plural) != nil
        }
    }

    private func openAPIResponse(_ entry: DiscoveryCache.Entry, _ request: APIRequest, isImmutable: Bool) -> APIResponse {
        var headers: HTTPHeaders = ["ETag": entry.etag, "Vary": "Accept-Encoding, Accept"]
        headers.append("Cache-Control", isImmutable ? "public, immutable" : "no-cache, private")
        if let known = request.headers["If-None-Match"], known.contains(entry.etag) { return APIResponse(status: 304, headers: headers) }
        headers.append("Content-Type", "application/json")
        return APIResponse(status: 200, headers: headers, body: .bytes(entry.bytes))
    }
}
