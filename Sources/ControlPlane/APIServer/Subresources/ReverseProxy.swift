internal import APIMachinery

extension APIServer {
    /// `…/proxy[/PATH]` of pods, services and nodes, after upstream's UpgradeAwareHandler.
    func proxy(_ context: inout RequestContext, _ connector: any BackendConnector) async throws(Status) -> APIResponse {
        let split = ProxiedPath(context.request.path, trailingCount: context.info.trailingPath.count)
        try await admitConnected(Self.proxyOptions(context, split), .connect, "proxy", .none, false, &context)
        let target = try await ProxyTargets(objects: objects).target(
            resource: context.resource.plural, namespace: context.namespace, name: context.info.name)
        let isUpgrade = context.request.asksForUpgrade
        if !isUpgrade, split.path.isEmpty, ["GET", "HEAD"].contains(context.request.method) {
            return Self.redirect(context.request)
        }
        var request =
            isUpgrade
            ? ForwardedRequest.upgrading(context.request, from: context.caller)
            : ForwardedRequest.ordinary(context.request, from: context.caller)
        request.path = split.path.isEmpty ? "/" : split.path
        let backend = BackendRequest(host: target.host, port: target.port, security: target.security, request: request)
        if isUpgrade { return try await upgrade(backend, connector) }
        return try await forward(backend, split, connector)
    }

    private static func proxyOptions(_ context: RequestContext, _ split: ProxiedPath) -> JSONObject {
        let kind = context.resource.kind(ofSubresource: "proxy")
        var json: JSONObject = ["kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion)]
        if !split.path.isEmpty { json.append("path", .string(split.path)) }
        return json
    }

    /// Relative links of a page at the root need a URL that ends with a slash.
    private static func redirect(_ request: APIRequest) -> APIResponse {
        let query = request.query.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }
        let location = request.path + "/" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        return APIResponse(status: 301, headers: ["Location": location])
    }

    private func forward(
        _ backend: BackendRequest, _ split: ProxiedPath, _ connector: any BackendConnector
    ) async throws(Status) -> APIResponse {
        var backend = backend
        backend.request.headers["X-Forwarded-Uri"] = split.prefix + backend.request.path
        let answer: BackendAnswer
        do throws(BackendError) { answer = try await connector.send(backend) } catch {
            throw .unavailable("error trying to reach service: \(error)")
        }
        var headers = ForwardedRequest.endToEnd(answer.headers)
        let links = ProxiedLinks(prefix: split.prefix, hosts: [backend.authority, backend.request.headers["Host"] ?? ""])
        if let location = headers["Location"] { headers["Location"] = links.rewritten(location) }
        if backend.request.method == "HEAD" || [204, 304].contains(answer.status) {
            answer.connection.close()
            return APIResponse(status: answer.status, headers: headers)
        }
        let isPage = answer.headers.mediaType == "text/html" && answer.headers["Location"] == nil
        if isPage, answer.headers["Content-Encoding"] == nil {
            return APIResponse(status: answer.status, headers: headers, body: try await page(answer, links))
        }
        return APIResponse(status: answer.status, headers: headers, body: .streaming(answer.connection))
    }

    /// A page whose links lead back through this server. One too large to be looked through is passed on as it is.
    private func page(_ answer: BackendAnswer, _ links: ProxiedLinks) async throws(Status) -> APIResponse.Body {
        var bytes: [UInt8] = []
        do {
            while let more = try await answer.connection.read() {
                bytes += more
                if bytes.count > ProxiedLinks.pageBytesMax {
                    return .streaming(PrefixedConnection(bytes, answer.connection))
                }
            }
        } catch {
            answer.connection.close()
            throw .unavailable("error trying to reach service: \(error)")
        }
        answer.connection.close()
        return .bytes(links.rewritten(page: bytes))
    }
}

/// A request's path, cut behind `…/proxy`.
struct ProxiedPath: Hashable, Sendable {
    /// `/api/v1/namespaces/default/pods/web/proxy`
    var prefix: String
    /// As sent, percent-encoded; empty, or with a slash at its beginning.
    var path: String

    /// - Parameter trailingCount: How many segments, empty ones not counted, stand behind the subresource.
    init(_ full: String, trailingCount: Int) {
        let segments = full.split(separator: "/")
        let last = segments.dropLast(trailingCount).last
        let end = last?.endIndex ?? full.endIndex
        prefix = String(full[..<end])
        path = String(full[end...])
    }
}

extension BackendRequest {
    fileprivate var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension HTTPHeaders {
    fileprivate var mediaType: String {
        let text = (self["Content-Type"] ?? "").prefix { $0 != ";" }
        return text.filter { $0 != " " }.lowercased()
    }
}

/// A connection of which something has been read already.
private final class PrefixedConnection: RawConnection {
    private let rest: any RawConnection
    private let first: AsyncStream<[UInt8]>

    init(_ first: [UInt8], _ rest: any RawConnection) {
        self.rest = rest
        self.first = AsyncStream { continuation in
            continuation.yield(first)
            continuation.finish()
        }
    }

    func read() async throws -> [UInt8]? {
        for await bytes in first { return bytes }
        return try await rest.read()
    }
    func write(_ bytes: [UInt8]) async throws { try await rest.write(bytes) }
    func close() { rest.close() }
}
