package import APIMachinery
package import KubernetesAPI

/// Requests to an API server. Cheap to copy.
package struct Client: Sendable {
    let transport: any Transport
    /// The name and version of the component, which the server logs.
    let userAgent: String
    private let time: any TimeSource

    package init(transport: any Transport, userAgent: String, time: any TimeSource = MachineTime()) {
        self.transport = transport
        self.userAgent = userAgent
        self.time = time
    }

    /// The objects of a built-in kind.
    ///
    /// - Parameter namespace: nil for a cluster-wide kind, or for all namespaces in a list or watch.
    package func resource<Object: KubernetesObject>(_ type: Object.Type, namespace: String? = nil) -> ResourceClient<Object> {
        guard let served = ServedResource.builtIn.first(where: { $0.kind == type.groupVersionKind }) else {
            preconditionFailure("\(type.groupVersionKind) is no served resource")
        }
        return ResourceClient(client: self, path: ResourcePath(served.kind, plural: served.plural), namespace: namespace)
    }

    /// Sends a request and gives back the answer's object.
    package func object(_ request: APIRequest) async throws(ClientError) -> JSONValue {
        let response = try await response(request)
        let bytes: [UInt8]
        do { bytes = try await response.body.collect() } catch { throw .transport(error) }
        do { return try JSONValue(parsing: bytes) } catch {
            throw .unreadable("\(request.method) \(request.path): status \(response.status): the answer is no JSON: \(error)")
        }
    }

    /// Sends a request whose answer is to be read as it comes.
    package func stream(_ request: APIRequest) async throws(ClientError) -> ByteStream { try await response(request).body }

    /// An answer that says no is thrown; but a server that says when to come back is asked again then, as client-go does.
    private func response(_ request: APIRequest) async throws(ClientError) -> TransportResponse {
        var request = request
        request.headers["User-Agent"] = userAgent
        if request.headers["Accept"] == nil { request.headers["Accept"] = "application/json" }
        var attempts = 0
        while true {
            let response: TransportResponse
            do { response = try await transport.send(request) } catch { throw .transport(error) }
            guard response.status >= 400 else { return response }
            let status = try await response.failure()
            attempts += 1
            guard attempts < Self.attemptsMax, let wait = response.retryAfter, wait <= Self.retryAfterMax,
                (try? await time.sleep(for: wait)) != nil
            else { throw .status(status) }
        }
    }

    private static let attemptsMax = 10
    /// Who is told to wait longer decides for himself.
    private static let retryAfterMax: Duration = .seconds(60)
}

extension TransportResponse {
    /// How long a server that has not worked on the request asks to wait (RFC 9110, 10.2.3; API servers give seconds, never a date).
    var retryAfter: Duration? {
        guard status == 429 || status >= 500, let seconds = headers["Retry-After"].flatMap({ Int64($0) }), seconds >= 0 else { return nil }
        return .seconds(seconds)
    }

    /// What an answer that says no says. The body is read for it.
    fileprivate func failure() async throws(ClientError) -> Status {
        let bytes: [UInt8]
        do { bytes = try await body.collect(upTo: 4 << 20) } catch { throw .transport(error) }
        var failure =
            if let json = try? JSONValue(parsing: bytes), let status = Status(json: json) { status } else {
                Status(code: Int32(status), reason: .unknown, message: String(decoding: bytes.prefix(1024), as: UTF8.self))
            }
        if let retryAfter, (failure.details?.retryAfterSeconds ?? 0) == 0 {
            var details = failure.details ?? Status.Details()
            details.retryAfterSeconds = Int32(clamping: retryAfter.components.seconds)
            failure.details = details
        }
        return failure
    }
}

/// Where the objects of a kind are served.
package struct ResourcePath: Hashable, Sendable {
    package var kind: GroupVersionKind
    package var plural: String

    package init(_ kind: GroupVersionKind, plural: String) {
        self.kind = kind
        self.plural = plural
    }

    /// `/api/v1/namespaces/default/pods/web/status`.
    package func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        if let namespace { path += "/namespaces/\(PercentEncoding.encoded(namespace))" }
        path += "/\(plural)"
        if let name { path += "/\(PercentEncoding.encoded(name))" }
        if let subresource { path += "/\(subresource)" }
        return path
    }
}
