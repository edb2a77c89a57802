package import APIMachinery
package import KubernetesAPI

/// Requests to an API server. Cheap to copy.
package struct Client: Sendable {
    let transport: any Transport
    /// The name and version of the component, which the server logs.
    let userAgent: String

    package init(transport: any Transport, userAgent: String) {
        self.transport = transport
        self.userAgent = userAgent
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
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes) } catch {
            throw .unreadable("\(request.method) \(request.path): status \(response.status): the answer is no JSON: \(error)")
        }
        if response.status >= 400 {
            throw .status(Status(json: json) ?? Status(code: Int32(response.status), reason: .unknown, message: "\(json)"))
        }
        return json
    }

    /// Sends a request whose answer is to be read as it comes; an answer that says no is thrown.
    package func stream(_ request: APIRequest) async throws(ClientError) -> ByteStream {
        let response = try await response(request)
        guard response.status >= 400 else { return response.body }
        let bytes: [UInt8]
        do { bytes = try await response.body.collect(upTo: 1 << 20) } catch { throw .transport(error) }
        if let json = try? JSONValue(parsing: bytes), let status = Status(json: json) { throw .status(status) }
        throw .status(
            Status(code: Int32(response.status), reason: .unknown, message: String(decoding: bytes.prefix(1024), as: UTF8.self)))
    }

    private func response(_ request: APIRequest) async throws(ClientError) -> TransportResponse {
        var request = request
        request.headers["User-Agent"] = userAgent
        if request.headers["Accept"] == nil { request.headers["Accept"] = "application/json" }
        do { return try await transport.send(request) } catch { throw .transport(error) }
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
    func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        if let namespace { path += "/namespaces/\(namespace.percentEncodedSegment)" }
        path += "/\(plural)"
        if let name { path += "/\(name.percentEncodedSegment)" }
        if let subresource { path += "/\(subresource)" }
        return path
    }
}

extension String {
    /// As one segment of a path (RFC 3986, 3.3: unreserved characters, sub-delims, colon and at sign stand for themselves).
    var percentEncodedSegment: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
