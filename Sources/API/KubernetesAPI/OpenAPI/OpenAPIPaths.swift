internal import APIMachinery

/// The paths of served resources, each with what clients look for: the kind, the parameters, the schemas.
struct OpenAPIPaths {
    private let version: OpenAPISchemas.Version
    private(set) var schemas: OpenAPISchemas
    private(set) var paths = JSONObject()

    init(_ version: OpenAPISchemas.Version) {
        self.version = version
        schemas = OpenAPISchemas(version)
    }

    mutating func addCustom(_ kind: GroupVersionKind, openAPIV3Schema: JSONValue?) {
        schemas.add(kind, openAPIV3Schema: openAPIV3Schema)
    }

    mutating func add(_ resource: ServedResource) {
        let base = Self.base(group: resource.kind.group, version: resource.kind.version)
        let collection =
            resource.isNamespaced
            ? "\(base)/namespaces/{namespace}/\(resource.plural)" : "\(base)/\(resource.plural)"
        add(collection, [("get", "list"), ("post", "post"), ("delete", "deletecollection")], resource)
        if resource.isNamespaced { add("\(base)/\(resource.plural)", [("get", "list")], resource) }
        let item = collection + "/{name}"
        add(item, [("get", "get"), ("put", "put"), ("patch", "patch"), ("delete", "delete")], resource)
        for subresource in resource.subresources { add("\(item)/\(subresource.name)", subresource) }
    }

    static func base(group: String, version: String) -> String {
        group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    }

    /// Verb in RBAC's words for each action.
    private static let verbs = [
        "list": "list", "post": "create", "deletecollection": "deletecollection", "get": "get", "put": "update",
        "patch": "patch", "delete": "delete",
    ]

    private mutating func add(
        _ path: String, _ operations: [(method: String, action: String)], _ resource: ServedResource
    ) {
        var item = JSONObject()
        for (method, action) in operations {
            guard let verb = Self.verbs[action], resource.verbs.contains(verb) else { continue }
            let answer =
                switch action {
                case "list": schemas.reference(toListOf: resource.kind)
                case "deletecollection", "delete": schemas.reference(toType: "meta/v1.Status")
                default: schemas.reference(to: resource.kind)
                }
            item.append(method, operation(action, resource.kind, answer))
        }
        add(path, item)
    }

    private mutating func add(_ path: String, _ subresource: ServedResource.Subresource) {
        var item = JSONObject()
        for (method, verb) in [("get", "get"), ("put", "update"), ("post", "create"), ("patch", "patch"), ("delete", "delete")]
        where subresource.verbs.contains(verb) {
            let isStream = Self.streams.contains(subresource.name)
            let answer: JSONValue = isStream ? ["type": "string"] : schemas.reference(to: subresource.kind)
            item.append(method, operation(isStream ? "connect" : method, subresource.kind, answer))
        }
        add(path, item)
    }

    private static let streams: Set = ["attach", "exec", "portforward", "proxy", "log"]

    private mutating func add(_ path: String, _ item: JSONObject) {
        guard !item.isEmpty else { return }
        var item = item
        item.append("parameters", .array(Self.parameters(in: path).map { parameter($0, in: "path", isRequired: true) }))
        paths.append(path, .object(item))
    }

    private static func parameters(in path: String) -> [String] {
        path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
    }

    // MARK: Operations

    private mutating func operation(_ action: String, _ kind: GroupVersionKind, _ answer: JSONValue) -> JSONValue {
        var operation = JSONObject()
        let queries = Self.queryParameters(of: action)
        var parameters = queries.map { parameter($0.name, in: "query", type: $0.type) }
        var body: JSONValue?
        var consumes = ["application/json", "application/yaml", ProtobufTranscoder.contentType]
        switch action {
        case "post", "put": body = schemas.reference(to: kind)
        case "patch":
            body = ["type": "object"]
            consumes = [
                "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
                "application/strategic-merge-patch+json",
            ]
        case "delete", "deletecollection": body = schemas.reference(toType: "meta/v1.DeleteOptions")
        default: break
        }
        if version == .v2 {
            operation.append("consumes", .array(consumes.map { .string($0) }))
            operation.append("produces", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])
            if let body {
                parameters.append([
                    "in": "body", "name": "body", "schema": body,
                    "required": .bool(action == "post" || action == "put" || action == "patch"),
                ])
            }
        }
        operation.append("parameters", .array(parameters))
        if version == .v3, let body { operation.append("requestBody", Self.content(body, consumes)) }
        operation.append("responses", ["200": response(answer)])
        operation.append("x-kubernetes-action", .string(action))
        operation.append("x-kubernetes-group-version-kind", kind.openAPI)
        return .object(operation)
    }

    private func response(_ schema: JSONValue) -> JSONValue {
        guard version == .v3 else { return ["description": "OK", "schema": schema] }
        var response = Self.content(schema, ["application/json"])
        response["description"] = "OK"
        return response
    }

    private static func content(_ schema: JSONValue, _ types: [String]) -> JSONValue {
        ["content": .object(JSONObject(members: types.map { .init(key: $0, value: ["schema": schema]) }))]
    }

    private func parameter(
        _ name: String, in place: String, type: String = "string", isRequired: Bool = false
    ) -> JSONValue {
        var object: JSONObject = ["in": .string(place), "name": .string(name)]
        if isRequired { object.append("required", true) }
        if version == .v2 {
            object.append("type", .string(type))
            object.append("uniqueItems", true)
        } else {
            object.append("schema", ["type": .string(type), "uniqueItems": true])
        }
        return .object(object)
    }

    /// The parameters by which clients find out what the server can do; `fieldValidation` and `dryRun` above all.
    private static func queryParameters(of action: String) -> [(name: String, type: String)] {
        switch action {
        case "list", "deletecollection":
            [
                ("allowWatchBookmarks", "boolean"), ("continue", "string"), ("fieldSelector", "string"),
                ("labelSelector", "string"), ("limit", "integer"), ("resourceVersion", "string"),
                ("resourceVersionMatch", "string"), ("sendInitialEvents", "boolean"), ("timeoutSeconds", "integer"),
                ("watch", "boolean"),
            ]
        case "post", "put": [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")]
        case "patch":
            [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")]
        case "delete":
            [
                ("dryRun", "string"), ("gracePeriodSeconds", "integer"), ("orphanDependents", "boolean"),
                ("propagationPolicy", "string"),
            ]
        default: []
        }
    }
}
