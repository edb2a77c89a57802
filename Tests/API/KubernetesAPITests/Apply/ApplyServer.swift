import APIMachinery

@testable import KubernetesAPI

/// As much of an API server as the recorded applies need: a few kinds, writes of every form, no validation.
struct ApplyServer {
    var isStarted = false
    private var objects: [String: JSONObject] = [:]
    private var customType: ApplyType?
    /// One second for all, so that entries are ordered by manager as the recording has them.
    private let time = Timestamp("2024-01-01T00:00:00Z") ?? Timestamp(seconds: 0)

    private struct Target {
        var kind: GroupVersionKind
        var key: String
        var subresource: String
        var manager: String
        var force: Bool
        var isDryRun: Bool
    }

    mutating func handle(_ request: JSONValue) -> JSONValue {
        let target = target(of: request)
        do throws(Status) {
            return try respond(request, target)
        } catch {
            return ["code": .integer(Int64(error.code)), "body": error.json]
        }
    }

    private func target(of request: JSONValue) -> Target {
        let url = (request["path"]?.stringValue ?? "").split(separator: "?", maxSplits: 1)
        let query = url.count > 1 ? url[1].split(separator: "&").map(String.init) : []
        var parts = url[0].split(separator: "/").map(String.init)
        let isCore = parts.removeFirst() == "api"
        let group = isCore ? "" : parts.removeFirst()
        let version = parts.removeFirst()
        if parts.first == "namespaces", parts.count > 2 { parts.removeFirst(2) }
        let kinds = [
            "configmaps": "ConfigMap", "services": "Service", "secrets": "Secret", "deployments": "Deployment",
            "patchies": "Patchy", "widgets": "Widget", "customresourcedefinitions": "CustomResourceDefinition",
        ]
        let agent = request["headers"]?["User-Agent"]?.stringValue?.split(separator: "/").first.map(String.init)
        let name = parts.count > 1 ? parts[1] : request["body"]?["metadata"]?["name"]?.stringValue ?? ""
        return Target(
            kind: GroupVersionKind(group: group, version: version, kind: kinds[parts[0]] ?? ""),
            key: "\(parts[0])/\(name)", subresource: parts.count > 2 ? parts[2] : "",
            manager: query.first { $0.hasPrefix("fieldManager=") }.map { String($0.dropFirst(13)) } ?? agent ?? "recorder",
            force: query.contains("force=true"), isDryRun: query.contains("dryRun=All"))
    }

    private func fieldManager(_ target: Target) -> FieldManager {
        let isCustom = ApplyType.builtIn(target.kind) == nil
        let type = ApplyType.builtIn(target.kind) ?? customType ?? Self.widgetType
        return FieldManager(
            kind: target.kind, type: type, subresource: target.subresource,
            resetFields: isCustom
                ? ResetFields.ofCustomResource(subresource: target.subresource)
                : ResetFields.of(target.kind, subresource: target.subresource))
    }

    /// The custom resource of the recorded errors.
    private static let widgetType = ApplyType(
        openAPIV3Schema: [
            "type": "object",
            "properties": [
                "spec": [
                    "type": "object",
                    "properties": [
                        "name": ["type": "string"], "count": ["type": "integer"],
                        "tags": ["type": "array", "x-kubernetes-list-type": "set", "items": ["type": "string"]],
                        "items": [
                            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                            "items": ["type": "object", "properties": ["k": ["type": "string"]]],
                        ],
                    ],
                ]
            ],
        ])

    private mutating func respond(_ request: JSONValue, _ target: Target) throws(Status) -> JSONValue {
        let live = objects[target.key]
        let body = request["body"] ?? .null
        switch request["method"] {
        case "GET": return ["code": 200, "body": live.map { .object($0) } ?? .null]
        case "DELETE":
            objects[target.key] = nil
            return ["code": 200, "body": ["status": "Success"]]
        case "POST" where target.kind.kind == "CustomResourceDefinition":
            let version = body["spec"]?["versions"]?[0]
            customType = ApplyType(openAPIV3Schema: version?["schema"]?["openAPIV3Schema"])
            return ["code": 201, "body": body]
        case "PATCH" where target.subresource == "scale": return try scale(request, target)
        default: break
        }
        let isApply = request["headers"]?["Content-Type"] == "application/apply-patch+yaml"
        var result: JSONObject
        if isApply {
            result = try fieldManager(target).apply(
                live: live, applied: body.objectValue ?? [:], manager: target.manager, force: target.force, time: time)
            result = finished(result, live: live, target)
        } else {
            let sent = request["method"] == "PATCH" ? patched(live ?? [:], request) : body
            let new = finished(sent.objectValue ?? [:], live: live, target)
            result = fieldManager(target).update(live: live, new: new, manager: target.manager, time: time)
        }
        if let live { result = ManagedFields.withoutMereTimes(result, live: live) }
        if target.kind.group == "example.com" { result = withGeneration(result, live: live) }
        if !target.isDryRun { objects[target.key] = result }
        return ["code": live == nil ? 201 : 200, "body": .object(result)]
    }

    private func patched(_ live: JSONObject, _ request: JSONValue) -> JSONValue {
        let body = request["body"] ?? .null
        if request["headers"]?["Content-Type"] == "application/json-patch+json" {
            return (try? JSONPatch(body).applied(to: .object(live))) ?? .object(live)
        }
        return JSONValue.object(live).merging(body)
    }

    /// What the strategies and defaults do: status apart from the rest, metadata that the server keeps, defaults.
    private func finished(_ new: JSONObject, live: JSONObject?, _ target: Target) -> JSONObject {
        var new = new
        let managed = new["metadata"]?["managedFields"]
        if target.subresource == "status", let live {
            let status = new["status"]
            new = live
            new["status"] = status
        } else {
            new["status"] = live?["status"]
        }
        new["metadata", default: [:]]["managedFields"] = managed
        new["metadata", default: [:]]["uid"] = "<uid>"
        new["metadata", default: [:]]["generation"] = live?["metadata"]?["generation"]
        if let data = new["stringData"]?.objectValue {
            new["stringData"] = nil
            for member in data.members {
                let base64 = Base64Data(Array((member.value.stringValue ?? "").utf8)).base64
                new["data", default: [:]][member.key] = .string(base64)
            }
        }
        if target.kind.kind == "Deployment" { Self.setDeploymentDefaults(&new) }
        if target.kind.kind == "Patchy" { new["spec", default: [:]]["def"] = new["spec"]?["def"] ?? 3 }
        return new
    }

    private func withGeneration(_ new: JSONObject, live: JSONObject?) -> JSONObject {
        var new = new
        let generation = live?["metadata"]?["generation"]?.integerValue ?? 0
        new["metadata", default: [:]]["generation"] = .integer(new["spec"] == live?["spec"] ? generation : generation + 1)
        return new
    }

    private static func setDeploymentDefaults(_ object: inout JSONObject) {
        var spec = object["spec"] ?? [:]
        func fill(_ value: inout JSONValue, _ defaults: JSONObject) {
            for member in defaults.members where value[member.key] == nil { value[member.key] = member.value }
        }
        fill(
            &spec,
            [
                "replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxUnavailable": "25%", "maxSurge": "25%"]],
            ])
        var pod = spec["template"]?["spec"] ?? [:]
        fill(
            &pod,
            [
                "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                "securityContext": [:], "schedulerName": "default-scheduler",
            ])
        pod["containers"] = .array(
            (pod["containers"]?.arrayValue ?? []).map { container in
                var container = container
                fill(
                    &container,
                    [
                        "resources": [:], "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                        "imagePullPolicy": "IfNotPresent",
                    ])
                if let ports = container["ports"]?.arrayValue {
                    container["ports"] = .array(
                        ports.map { port in
                            var port = port
                            fill(&port, ["protocol": "TCP"])
                            return port
                        })
                }
                return container
            })
        spec["template", default: [:]]["spec"] = pod
        object["spec"] = spec
    }

    private mutating func scale(_ request: JSONValue, _ target: Target) throws(Status) -> JSONValue {
        guard var parent = objects[target.key] else { throw .notFound(resource: "deployments", group: "apps", name: "d") }
        let owners = ScaleManagedFields(
            parent: parent, apiVersion: target.kind.apiVersion, replicasPath: ["spec", "replicas"])
        var scale: JSONObject = [
            "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": ["name": "d", "uid": "<uid>"],
            "spec": ["replicas": parent["spec"]?["replicas"] ?? 0],
        ]
        owners.entriesOfScale.write(to: &scale)
        let kind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
        let manager = FieldManager(kind: kind, type: ApplyType.builtIn(kind) ?? .untyped, subresource: "scale")
        if request["headers"]?["Content-Type"] == "application/apply-patch+yaml" {
            scale = try manager.apply(
                live: scale, applied: request["body"]?.objectValue ?? [:], manager: target.manager, force: target.force,
                time: time)
        } else {
            scale = manager.update(
                live: scale, new: patched(scale, request).objectValue ?? [:], manager: target.manager, time: time)
        }
        parent["spec", default: [:]]["replicas"] = scale["spec"]?["replicas"]
        owners.entriesOfParent(after: scale).write(to: &parent)
        objects[target.key] = parent
        scale["metadata", default: [:]]["managedFields"] = nil
        return ["code": 200, "body": .object(scale)]
    }
}
