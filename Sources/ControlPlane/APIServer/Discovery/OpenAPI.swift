internal import APIMachinery
internal import KubernetesAPI

/// `/openapi/v2` and `/openapi/v3`, kept as bytes until something else is served.
extension APIServer {
    func openAPI(_ request: APIRequest, _ segments: [String]) async throws(Status) -> APIResponse? {
        guard segments.count > 1 else { return nil }
        let extensions = extensionServices
        switch segments[1] {
        case "v2" where segments.count == 2:
            return openAPIv2(request, extensions)
        case "v3" where segments.count == 2:
            let entry = discovery.entry("openapi/v3") { openAPIIndex(extensions).objectValue ?? [:] }
            return Self.response(entry, request, type: "text/plain; charset=utf-8")
        case "v3":
            let path = segments.dropFirst(2).joined(separator: "/")
            if let service = extensions.first(where: { OpenAPIDocuments.path(group: $0.group, version: $0.version) == path }),
                let connector = configuration.backends
            {
                return await passOn(request, to: service, from: Caller(user: Aggregation.ownIdentity), connector)
            }
            guard let groupVersion = registry.groupVersions.first(where: { Self.documentPath($0) == path }) else { return nil }
            return openAPIv3(groupVersion, request)
        default: return nil
        }
    }

    /// One document of everything: JSON, or the protobuf form that kubectl before 1.29 knows alone.
    private func openAPIv2(_ request: APIRequest, _ extensions: [AggregatedService]) -> APIResponse {
        let types = OpenAPIDocuments.v2ProtobufTypes
        func document() -> JSONValue {
            ExtensionOpenAPI.merged(
                OpenAPIDocuments.v2(builtIn: builtInServed, custom: customDocuments),
                extensions.compactMap { aggregation.documents(of: $0.name)?.openAPIv2 })
        }
        let accepted = request.headers["Accept"] ?? ""
        guard accepted.contains(types.asked) || accepted.contains(types.answered) else {
            return Self.response(discovery.entry("openapi/v2") { document().objectValue ?? [:] }, request)
        }
        let entry = discovery.entry("openapi/v2 protobuf", bytes: { OpenAPIDocuments.protobuf(v2: document()) })
        return Self.response(entry, request, type: types.answered)
    }

    /// The document of a group version. With the hash of the index it may be kept for ever; with another one clients are sent to the right one.
    private func openAPIv3(_ groupVersion: ResourceRegistry.GroupVersion, _ request: APIRequest) -> APIResponse {
        let entry = document(groupVersion)
        guard let hash = request.parameter("hash"), !hash.isEmpty else { return Self.response(entry, request) }
        guard hash == entry.hash else {
            return APIResponse(
                status: 301, headers: ["Location": "/openapi/v3/\(Self.documentPath(groupVersion))?hash=\(entry.hash)"])
        }
        return Self.response(entry, request, isImmutable: true)
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
    private func openAPIIndex(_ extensions: [AggregatedService]) -> JSONValue {
        OpenAPIDocuments.index(
            registry.groupVersions.filter { own in !extensions.contains { $0.group == own.group && $0.version == own.version } }
                .map { (path: Self.documentPath($0), hash: document($0).hash) }
                + extensions.compactMap { service in
                    guard let hash = aggregation.documents(of: service.name)?.openAPIv3Hash else { return nil }
                    return (path: OpenAPIDocuments.path(group: service.group, version: service.version), hash: hash)
                })
    }

    /// The built-in resources that are served, of all that the tables know.
    private var builtInServed: [ServedResource] {
        let registry = registry
        return ServedResource.builtIn.filter {
            registry.resource(group: $0.kind.group, version: $0.kind.version, plural: $0.plural) != nil
        }
    }

    private static func response(
        _ entry: DiscoveryCache.Entry, _ request: APIRequest, type: String = "application/json", isImmutable: Bool = false
    ) -> APIResponse {
        var headers: HTTPHeaders = ["ETag": entry.etag, "Vary": "Accept-Encoding, Accept"]
        headers.append("Cache-Control", isImmutable ? "public, immutable" : "no-cache, private")
        if let known = request.headers["If-None-Match"], known.contains(entry.etag) { return APIResponse(status: 304, headers: headers) }
        headers.append("Content-Type", type)
        return APIResponse(status: 200, headers: headers, body: .bytes(entry.bytes))
    }
}
