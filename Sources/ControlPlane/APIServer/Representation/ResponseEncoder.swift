package import APIMachinery
internal import KubernetesAPI

/// Brings objects into the form that was asked for.
struct ResponseEncoder: Sendable {
    let resource: ResourceDefinition
    let format: ResponseFormat
    let now: Timestamp

    /// Stored bytes can be answered as they are.
    private var isBytesThrough: Bool {
        format.encoding == .json && format.transform == .none && !format.isPretty && resource.stored?.conversion == nil
    }

    /// One object out of the store.
    func response(_ item: StoredItem, status: Int = 200) throws(Status) -> APIResponse {
        guard let stored = resource.stored else { throw .internalError("the resource \(resource.plural) is not stored") }
        if isBytesThrough {
            return .body(stored.location.form.answer(item.value, revision: item.modRevision), format, status: status)
        }
        return try response(object(item), status: status)
    }

    /// One object in the version of the request.
    func response(_ object: JSONObject, status: Int = 200) throws(Status) -> APIResponse {
        .body(try Self.encode(try transformed(object), format), format, status: status)
    }

    /// The object that an item holds, in the version of the request.
    func object(_ item: StoredItem) -> JSONObject { resource.object(item) }

    /// A list: its metadata and its items in order.
    func list(_ items: [StoredItem], metadata: JSONObject) throws(Status) -> APIResponse {
        switch format.transform {
        case .none where isBytesThrough: return .body(bytesThroughList(items, metadata), format)
        case .none where format.encoding == .protobuf:
            return .body(try ProtobufCoding.list(items.map { object($0) }, kind: resource.kind, metadata: metadata), format)
        case .none:
            var list = listHead(metadata)
            list.append("items", .array(items.map { .object(listItem($0)) }))
            return .body(try Self.encode(list, format), format)
        case .table(let version):
            try checkIncludeObject()
            if isAssembled { return .body(assembledTable(items, metadata: metadata, version: version), format) }
            return .body(try Self.encode(table(items.map { object($0) }, metadata: metadata, version: version), format), format)
        case .partialObjectMetadataList(let version), .partialObjectMetadata(let version):
            if case .partialObjectMetadata = format.transform { throw notAList() }
            if isAssembled { return .body(assembledMetadataList(items, metadata: metadata, version: version), format) }
            var list = Self.metadataListHead(metadata, version: version)
            list.append("items", .array(items.map { .object(Self.partialMetadata(object($0), version: version)) }))
            return .body(try Self.encode(list, format), format)
        }
    }

    private func notAList() -> Status {
        Status(
            code: 406, reason: .notAcceptable,
            message: "you requested PartialObjectMetadata, but the requested object is a list (\(goListName))")
    }

    /// The type's name in upstream's program, which stands in its message.
    private var goListName: String {
        guard !resource.isCustom else { return "*unstructured.UnstructuredList" }
        let package = resource.group.split(separator: ".").first.map(String.init) ?? "core"
        return "*\(package).\(resource.listKind)"
    }

    private func listHead(_ metadata: JSONObject) -> JSONObject {
        ["kind": .string(resource.listKind), "apiVersion": .string(resource.kind.apiVersion), "metadata": .object(metadata)]
    }

    private func listItem(_ item: StoredItem) -> JSONObject {
        var object = self.object(item)
        guard !resource.isCustom else { return object }
        object["kind"] = nil
        object["apiVersion"] = nil
        return object
    }

    private func bytesThroughList(_ items: [StoredItem], _ metadata: JSONObject) -> [UInt8] {
        guard let form = resource.stored?.location.form else { return [] }
        var bytes = JSONValue.object(listHead(metadata)).serialized()
        bytes.removeLast()
        bytes.reserveCapacity(bytes.count + 16 + items.reduce(0) { $0 + $1.value.count + StoredForm.versionLengthMax })
        bytes += ",\"items\":[".utf8
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            form.appendItem(item.value, revision: item.modRevision, to: &bytes)
        }
        bytes += "]}".utf8
        return bytes
    }

    /// The object as the kind that was asked for.
    func transformed(_ object: JSONObject) throws(Status) -> JSONObject {
        switch format.transform {
        case .none: return object
        case .table(let version):
            try checkIncludeObject()
            var metadata = JSONObject()
            if !object.resourceVersion.isEmpty { metadata.append("resourceVersion", .string(object.resourceVersion)) }
            return table([object], metadata: metadata, version: version)
        case .partialObjectMetadata(let version): return Self.partialMetadata(object, version: version)
        case .partialObjectMetadataList:
            throw Status(
                code: 406, reason: .notAcceptable,
                message: "you requested PartialObjectMetadataList, but the requested object is not a list (\(goName))")
        }
    }

    private var goName: String {
        let package = resource.group.split(separator: ".").first.map(String.init) ?? "core"
        return resource.isCustom ? "*unstructured.Unstructured" : "*\(package).\(resource.kind.kind)"
    }

    static func partialMetadata(_ object: JSONObject, version: String) -> JSONObject {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            "metadata": object["metadata"] ?? .object(JSONObject()),
        ]
    }

    /// The last step: an object as bytes.
    static func encode(_ object: JSONObject, _ format: ResponseFormat) throws(Status) -> [UInt8] {
        switch format.encoding {
        case .json where format.isPretty: return JSONValue.object(object).serialized(.pretty)
        case .json: return JSONValue.object(object).serialized()
        case .yaml: return YAMLWriter.bytes(of: .object(object))
        case .protobuf: return try ProtobufCoding.encode(object)
        }
    }
}

extension ResourceDefinition {
    /// The object that an item holds, in this resource's version, with its resourceVersion.
    package func object(_ item: StoredItem) -> JSONObject {
        guard let stored else { return JSONObject() }
        let form = stored.location.form
        switch stored.conversion {
        case nil: return form.object(item.value, revision: item.modRevision)
        case .local(let fromStored, _): return fromStored(form.object(item.value, revision: item.modRevision))
        // Prepared before; if not, it says itself which version it is.
        case .webhook: return item.converted(to: kind.apiVersion) ?? item.object(form)
        }
    }
}

extension APIResponse {
    static func body(_ bytes: [UInt8], _ format: ResponseFormat, status: Int = 200) -> APIResponse {
        APIResponse(
            status: status, headers: ["Content-Type": format.encoding.rawValue, "Cache-Control": "no-cache, private"], body: .bytes(bytes))
    }

    static func text(_ text: String, status: Int = 200) -> APIResponse {
        APIResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache, private"],
            body: .bytes(Array(text.utf8)))
    }

    static let pathNotFound = text("404 page not found\n", status: 404)

    /// A Status as an answer, in JSON unless something else was asked for.
    static func status(_ status: Status, _ request: APIRequest) -> APIResponse {
        let format = ResponseFormat.plain(request)
        let object = status.json.objectValue ?? JSONObject()
        let bytes = (try? ResponseEncoder.encode(object, format)) ?? JSONValue.object(object).serialized()
        var response = APIResponse.body(bytes, format, status: Int(status.code))
        if let seconds = status.details?.retryAfterSeconds, seconds > 0 { response.headers["Retry-After"] = String(seconds) }
        return response
    }
}
