import APIMachinery

@testable import KubernetesAPI

/// As much of an API server as strategies need to be shown: objects in memory, no admission, no allocation.
struct ReplayServer {
    struct Answer {
        var code: Int
        var object: JSONObject?
        var message = ""
        var warnings: [String] = []
    }

    struct Route {
        let resource: ServedResource
        let strategy: any ObjectStrategy
        let namespace: String?
        let name: String?
        let subresource: String

        var key: String { "\(resource.plural).\(resource.kind.group)/\(namespace ?? "")/\(name ?? "")" }
    }

    private(set) var objects: [String: JSONObject] = [:]
    /// Of every object; the recordings have a placeholder for it.
    static let uid = "11111111-2222-3333-4444-555555555555"

    /// - Returns: Nil for paths that are no objects of a built-in kind.
    static func route(_ path: String) -> Route? {
        let path = path.split(separator: "?")[0]
        var parts = path.split(separator: "/").map(String.init)
        guard parts.count > 2 else { return nil }
        let group = parts[0] == "api" ? "" : parts[1]
        let version = parts[0] == "api" ? parts[1] : parts[2]
        parts.removeFirst(parts[0] == "api" ? 2 : 3)
        var namespace: String?
        if parts.first == "namespaces", parts.count > 2, !["status", "finalize"].contains(parts[2]) {
            namespace = parts[1]
            parts.removeFirst(2)
        }
        guard let plural = parts.first,
            let resource = ServedResource.builtIn.first(where: {
                $0.plural == plural && $0.kind.group == group && $0.kind.version == version
            }), let strategy = BuiltInStrategies.strategy(for: resource.kind)
        else { return nil }
        return Route(
            resource: resource, strategy: strategy, namespace: namespace, name: parts.count > 1 ? parts[1] : nil,
            subresource: parts.count > 2 ? parts[2] : "")
    }

    func object(_ route: Route) -> JSONObject? { objects[route.key] }

    mutating func handle(_ exchange: RecordedFile.Exchange, _ route: Route) -> Answer {
        switch exchange.method {
        case "POST" where route.name == nil: return create(exchange.body, route, isDryRun: exchange.path.contains("dryRun"))
        case "PUT" where objects[route.key] == nil && route.strategy.allowsCreateOnUpdate:
            return create(exchange.body, route, isDryRun: false)
        case "PUT", "PATCH": return update(exchange, route)
        case "DELETE":
            delete(route)
            return Answer(code: 200)
        default: return Answer(code: objects[route.key] == nil ? 404 : 200, object: objects[route.key])
        }
    }

    private mutating func delete(_ route: Route) {
        guard var object = objects[route.key] else { return }
        let isKept =
            !(object["metadata"]?["finalizers"]?.arrayValue ?? []).isEmpty || route.resource.kind.kind == "Namespace"
            || (route.strategy.deletion.isGraceful && object["spec"]?["nodeName"] != nil)
        guard isKept else { return objects[route.key] = nil }
        object["metadata", default: [:]]["deletionTimestamp"] = .string(Timestamp.now().description)
        if route.resource.kind.kind == "Namespace" { object["status", default: [:]]["phase"] = "Terminating" }
        objects[route.key] = object
    }

    private mutating func create(_ body: JSONValue?, _ route: Route, isDryRun: Bool) -> Answer {
        var result = Answer(code: 201)
        let body = Self.withRequest(body)
        guard let object = decode(body, route, &result) else { return result }
        var new = object
        new["metadata", default: [:]]["uid"] = .string(Self.uid)
        new["metadata", default: [:]]["creationTimestamp"] = .string(Timestamp.now().description)
        new["metadata", default: [:]]["deletionTimestamp"] = nil
        new["metadata", default: [:]]["namespace"] = route.namespace.map { .string($0) }
        if let prefix = new["metadata"]?["generateName"]?.stringValue, new["metadata"]?["name"] == nil {
            new["metadata", default: [:]]["name"] = .string(prefix + "bbbbb")
        }
        route.strategy.applyDefaults(to: &new)
        route.strategy.prepareForCreate(&new)
        if route.resource.plural == "pods" { Self.admit(&new) }
        result.warnings += route.strategy.warnings(new, old: nil)
        let errors = route.strategy.validate(new)
        guard errors.isEmpty else { return invalid(errors, new, route, result.warnings) }
        let stored = named(route, new)
        if objects[stored.key] != nil { return Answer(code: 409) }
        if !isDryRun { objects[stored.key] = new }
        result.object = new
        return result
    }

    /// What admission puts into every pod: account, token, priority, tolerations.
    private static func admit(_ pod: inout JSONObject) {
        let volume: JSONValue = [
            "name": "kube-api-access-xxxxx",
            "projected": [
                "sources": [
                    ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                    ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
                    [
                        "downwardAPI": [
                            "items": [
                                ["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]
                            ]
                        ]
                    ],
                ], "defaultMode": 420,
            ],
        ]
        let mount: JSONValue = [
            "name": "kube-api-access-xxxxx", "readOnly": true,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        ]
        let tolerations: [JSONValue] = ["not-ready", "unreachable"].map { name in
            [
                "key": .string("node.kubernetes.io/\(name)"), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300,
            ]
        }
        pod.change("spec") { spec in
            spec.setDefault("serviceAccountName", "default")
            spec.setDefault("serviceAccount", "default")
            spec.setDefault("priority", 0)
            spec.setDefault("preemptionPolicy", "PreemptLowerPriority")
            spec["tolerations"] = .array((spec["tolerations"]?.arrayValue ?? []) + tolerations)
            spec["volumes"] = .array((spec["volumes"]?.arrayValue ?? []) + [volume])
            for list in ["containers", "initContainers"] {
                spec.changeEach(list) { container in
                    container["volumeMounts"] = .array((container["volumeMounts"]?.arrayValue ?? []) + [mount])
                }
            }
        }
    }

    private func named(_ route: Route, _ object: JSONObject) -> Route {
        Route(
            resource: route.resource, strategy: route.strategy, namespace: route.namespace,
            name: object["metadata"]?["name"]?.stringValue, subresource: "")
    }

    /// The recordings have placeholders for certificate requests.
    private static func withRequest(_ body: JSONValue?) -> JSONValue? {
        guard let text = body?["spec"]?["request"]?.stringValue, text == "$CSR" || text == "<csr>" else { return body }
        var spec = body?["spec"]
        spec?["request"] = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUFBPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K"
        var result = body
        result?["spec"] = spec
        return result
    }

    private func decode(_ body: JSONValue?, _ route: Route, _ answer: inout Answer) -> JSONObject? {
        let kind = route.resource.kind
        do {
            let canonical = try route.strategy.canonical(body?.objectValue ?? JSONObject())
            answer.warnings += canonical.unknownFields
            var object = canonical.object
            object["kind"] = .string(kind.kind)
            object["apiVersion"] = .string(kind.apiVersion)
            return object
        } catch {
            answer = Answer(
                code: 400, message: "\(kind.kind) in version \(kind.version.quoted) cannot be handled as a \(kind.kind): \(error)")
            return nil
        }
    }

    private func invalid(_ errors: [FieldError], _ object: JSONObject, _ route: Route, _ warnings: [String]) -> Answer {
        // Events are stored as those of the core group, and refused as such.
        let isEvent = route.resource.kind.kind == "Event"
        let status = Status.invalid(
            kind: route.resource.kind.kind, group: isEvent ? "" : route.resource.kind.group,
            name: object["metadata"]?["name"]?.stringValue ?? "", errors)
        return Answer(code: 422, message: status.message.replacing(Self.uid, with: "<uid>"), warnings: warnings)
    }

    private mutating func update(_ exchange: RecordedFile.Exchange, _ route: Route) -> Answer {
        guard let old = objects[route.key] else { return Answer(code: 404) }
        var result = Answer(code: 200)
        var body = exchange.body
        if exchange.method == "PATCH" {
            guard let patched = patch(exchange, old, route) else { return Answer(code: 422, message: "patch") }
            body = patched
        }
        guard var new = decode(body, route, &result) else { return result }
        for member in ["uid", "creationTimestamp", "name", "namespace"] {
            new["metadata", default: [:]][member] = old["metadata"]?[member]
        }
        route.strategy.applyDefaults(to: &new)
        route.strategy.prepareForUpdate(&new, old: old, subresource: route.subresource)
        let errors = route.strategy.validateUpdate(new, old: old, subresource: route.subresource)
        guard errors.isEmpty else { return invalid(errors, new, route, result.warnings) }
        if !exchange.path.contains("dryRun") { objects[route.key] = new }
        result.object = new
        return result
    }

    private func patch(_ exchange: RecordedFile.Exchange, _ old: JSONObject, _ route: Route) -> JSONValue? {
        let body = exchange.body ?? .null
        switch exchange.contentType {
        case "application/json-patch+json": return try? JSONPatch(body).applied(to: .object(old))
        case "application/strategic-merge-patch+json":
            return try? StrategicMergePatch().apply(body, to: .object(old), type: route.strategy.typeName)
        default: return JSONValue.object(old).merging(body)
        }
    }
}
