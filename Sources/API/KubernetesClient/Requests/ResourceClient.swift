package import APIMachinery
package import KubernetesAPI

/// Requests about the objects of one kind, in one namespace or all.
package struct ResourceClient<Object: KubernetesObject>: Sendable {
    let client: Client
    let path: ResourcePath
    let namespace: String?
    /// The form of the answers, when it is not the objects as JSON.
    var accept: String?
    /// The same of lists.
    var listAccept: String?

    package func get(_ name: String) async throws(ClientError) -> Object {
        try decode(await client.object(request("GET", name: name)))
    }

    package func list(_ options: ListOptions = .init()) async throws(ClientError) -> ObjectList<Object> {
        var request = request("GET")
        request.headers["Accept"] = listAccept
        request.query = options.query
        let json = try await client.object(request)
        var decoder = ObjectDecoder(options: .lenient)
        guard let list = ObjectList<Object>.decode(json, &decoder) else {
            throw .unreadable("GET \(request.path): the answer is no \(path.kind.kind)List")
        }
        return list
    }

    /// Everything, in pieces of `pageSize`; all pieces are of one revision.
    package func listAll(_ options: ListOptions = .init(), pageSize: Int = 500) async throws(ClientError) -> ObjectList<Object> {
        let whole = options
        var options = options
        options.limit = pageSize
        var all = try await list(options)
        while let token = all.metadata.continue, !token.isEmpty {
            options.continue = token
            options.resourceVersion = nil
            options.resourceVersionMatch = nil
            let piece: ObjectList<Object>
            do throws(ClientError) { piece = try await list(options) } catch {
                // The revision of the first pieces is no longer kept: everything at once, of a newer one.
                if error.isExpired { return try await list(whole) }
                throw error
            }
            all.items += piece.items
            all.metadata = piece.metadata
        }
        return all
    }

    package func watch(_ options: ListOptions) async throws(ClientError) -> WatchStream<Object> {
        var request = request("GET")
        request.query = [.init(name: "watch", value: "true")] + options.query
        return WatchStream(body: try await client.stream(request))
    }

    package func create(_ object: Object, _ options: WriteOptions = .init()) async throws(ClientError) -> Object {
        try await write("POST", object, options, name: nil)
    }

    /// Replaces an object; with a resource version only if it is still that one.
    package func update(
        _ object: Object, subresource: String? = nil, _ options: WriteOptions = .init()
    ) async throws(ClientError) -> Object {
        try await write("PUT", object, options, name: object.metadata.name ?? "", subresource: subresource)
    }

    package func patch(
        _ name: String, _ kind: PatchKind, _ patch: JSONValue, subresource: String? = nil, _ options: WriteOptions = .init()
    ) async throws(ClientError) -> Object {
        var request = request("PATCH", name: name, subresource: subresource)
        request.query = options.query
        request.headers["Content-Type"] = kind.rawValue
        request.body = patch.serialized(.compact)
        return try decode(await client.object(request))
    }

    /// - Parameter gracePeriodSeconds: nil for the object's own.
    package func delete(
        _ name: String, gracePeriodSeconds: Int64? = nil, uid: String? = nil, resourceVersion: String? = nil,
        propagationPolicy: String? = nil
    ) async throws(ClientError) {
        let options = DeleteOptions {
            $0.gracePeriodSeconds = gracePeriodSeconds
            $0.propagationPolicy = propagationPolicy
            guard uid != nil || resourceVersion != nil else { return }
            $0.preconditions = Preconditions {
                $0.uid = uid
                $0.resourceVersion = resourceVersion
            }
        }
        try await delete(request("DELETE", name: name), options)
    }

    /// Deletes everything there is, or what `selection` selects.
    package func deleteCollection(_ selection: ListOptions = .init(), propagationPolicy: String? = nil) async throws(ClientError) {
        var request = request("DELETE")
        request.query = selection.query
        try await delete(request, DeleteOptions { $0.propagationPolicy = propagationPolicy })
    }

    private func delete(_ request: APIRequest, _ options: DeleteOptions) async throws(ClientError) {
        var request = request
        // Answered with a Status, an object or a list: none of them is read.
        request.headers["Accept"] = nil
        var body = options.jsonObject
        body["apiVersion"] = "v1"
        body["kind"] = "DeleteOptions"
        request.headers["Content-Type"] = "application/json"
        request.body = JSONValue.object(body).serialized(.compact)
        _ = try await client.object(request)
    }

    private func write(
        _ method: String, _ object: Object, _ options: WriteOptions, name: String?, subresource: String? = nil
    ) async throws(ClientError) -> Object {
        var request = request(method, name: name, subresource: subresource)
        if namespace == nil, let own = object.metadata.namespace, !own.isEmpty {
            request.path = path.path(namespace: own, name: name, subresource: subresource)
        }
        request.query = options.query
        request.headers["Content-Type"] = "application/json"
        request.body = object.json.serialized(.compact)
        return try decode(await client.object(request))
    }

    private func request(_ method: String, name: String? = nil, subresource: String? = nil) -> APIRequest {
        var request = APIRequest(method: method, path: path.path(namespace: namespace, name: name, subresource: subresource))
        request.headers["Accept"] = accept
        return request
    }

    private func decode(_ json: JSONValue) throws(ClientError) -> Object {
        guard let object = Object.decode(json, options: .lenient).object else {
            throw .unreadable("the answer is no \(path.kind.kind)")
        }
        return object
    }
}

extension ResourceClient {
    /// Posts an object to a subresource of another kind, such as `binding` or `eviction`; the answer is not looked at.
    package func createSubresource(_ subresource: String, of name: String, _ body: JSONValue) async throws(ClientError) {
        var request = APIRequest(method: "POST", path: path.path(namespace: namespace, name: name, subresource: subresource))
        request.headers["Content-Type"] = "application/json"
        request.body = body.serialized(.compact)
        _ = try await client.object(request)
    }
}
