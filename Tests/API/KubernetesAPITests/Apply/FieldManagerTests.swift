import APIMachinery
import Testing

@testable import KubernetesAPI

/// What the recorded answers do not show; those are replayed in ApplyReplayTests.
@Suite struct FieldManagerTests {
    static let noon = Timestamp("2024-01-01T12:00:00Z") ?? .now()
    static let later = noon + .seconds(60)
    static let configMap = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
    static let deployment = GroupVersionKind(group: "apps", version: "v1", kind: "Deployment")

    static func manager(_ kind: GroupVersionKind, subresource: String = "") throws -> FieldManager {
        FieldManager(
            kind: kind, type: try #require(ApplyType.builtIn(kind)), subresource: subresource,
            resetFields: ResetFields.of(kind, subresource: subresource))
    }

    static func object(_ text: String) throws -> JSONObject { try #require(try JSONValue(parsing: text).objectValue) }

    private func configMap(_ rest: String) throws -> JSONObject {
        try Self.object(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}"# + rest + "}")
    }

    /// Operation, manager, version and fields of each entry.
    private func entries(_ object: JSONObject) -> [String] {
        (object["metadata"]?["managedFields"]?.arrayValue ?? []).map { entry in
            ["operation", "manager", "apiVersion", "subresource", "time"].compactMap { entry[$0]?.stringValue }
                .joined(separator: " ") + " " + (entry["fieldsV1"] ?? .null).serializedText()
        }
    }

    private func stored(_ object: JSONObject, uid: String = "u") -> JSONObject {
        var object = object
        object["metadata", default: [:]]["uid"] = .string(uid)
        return object
    }

    @Test func `an object that was never tracked keeps what it has as before-first-apply`() throws {
        let manager = try Self.manager(Self.configMap)
        let live = stored(try configMap(#","data":{"a":"1","b":"2"}"#))
        let result = try manager.apply(
            live: live, applied: try configMap(#","data":{"a":"1","n":"3"}"#), manager: "m", force: false, time: Self.noon)
        #expect(
            entries(result) == [
                #"Apply m v1 2024-01-01T12:00:00Z {"f:data":{"f:a":{},"f:n":{}}}"#,
                #"Update before-first-apply v1 2024-01-01T12:00:00Z {"f:data":{".":{},"f:a":{},"f:b":{}}}"#,
            ])
        let error = #expect(throws: Status.self) {
            try manager.apply(
                live: live, applied: configMap(#","data":{"a":"9"}"#), manager: "m", force: false, time: Self.noon)
        }
        #expect(error?.message == #"Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a"#)
    }

    @Test func `an update of an object that was never tracked does not begin to`() throws {
        let manager = try Self.manager(Self.configMap)
        let live = stored(try configMap(#","data":{"a":"1"}"#))
        let result = manager.update(live: live, new: stored(try configMap(#","data":{"a":"2"}"#)), manager: "m", time: Self.noon)
        #expect(entries(result) == [])
    }

    @Test func `several conflicts are listed by manager`() throws {
        let manager = try Self.manager(Self.configMap)
        var live = stored(
            try manager.apply(
                live: nil, applied: try configMap(#","data":{"a":"1","b":"1"}"#), manager: "zed", force: false, time: Self.noon))
        live = try manager.apply(
            live: live, applied: configMap(#","data":{"c":"1"}"#), manager: "abe", force: false, time: Self.noon)
        let error = #expect(throws: Status.self) {
            try manager.apply(
                live: live, applied: configMap(#","data":{"a":"2","b":"2","c":"2"}"#), manager: "m", force: false,
                time: Self.noon)
        }
        #expect(
            error?.message == """
                Apply failed with 3 conflicts: conflicts with "abe":
                - .data.c
                conflicts with "zed":
                - .data.a
                - .data.b
                """)
        #expect(error?.code == 409)
        #expect(error?.details?.causes.map(\.field) == [".data.c", ".data.a", ".data.b"])
        let forced = try manager.apply(
            live: live, applied: try configMap(#","data":{"a":"2","b":"2","c":"2"}"#), manager: "m", force: true,
            time: Self.later)
        #expect(entries(forced) == [#"Apply m v1 2024-01-01T12:01:00Z {"f:data":{"f:a":{},"f:b":{},"f:c":{}}}"#])
    }

    @Test func `the same apply again changes nothing, not even the time`() throws {
        let manager = try Self.manager(Self.deployment)
        let applied = try Self.object(Self.deploymentText)
        let first = stored(try manager.apply(live: nil, applied: applied, manager: "m", force: false, time: Self.noon))
        let second = try manager.apply(live: first, applied: applied, manager: "m", force: false, time: Self.later)
        #expect(second == first)
    }

    @Test func `an update that changes nothing keeps entries and times`() throws {
        let manager = try Self.manager(Self.configMap)
        let live = stored(
            manager.update(
                live: nil, new: try configMap(#","data":{"a":"1"}"#), manager: "m", time: Self.noon))
        #expect(manager.update(live: live, new: live, manager: "other", time: Self.later) == live)
    }

    @Test func `an update takes changed fields, shares none and loses removed ones`() throws {
        let manager = try Self.manager(Self.configMap)
        var live = stored(
            manager.update(
                live: nil, new: try configMap(#","data":{"a":"1","b":"1","c":"1"}"#), manager: "m", time: Self.noon))
        var new = live
        new["data"] = ["a": "2", "b": "1"]
        live = manager.update(live: live, new: new, manager: "n", time: Self.later)
        #expect(
            entries(live) == [
                #"Update m v1 2024-01-01T12:00:00Z {"f:data":{".":{},"f:b":{}}}"#,
                #"Update n v1 2024-01-01T12:01:00Z {"f:data":{"f:a":{}}}"#,
            ])
    }

    @Test func `status is not owned through the resource, nor the rest through its status`() throws {
        let body = try Self.object(Self.deploymentText.dropLast() + #","status":{"replicas":3}}"#)
        let main = try Self.manager(Self.deployment).update(live: nil, new: body, manager: "m", time: Self.noon)
        #expect(!entries(main).joined().contains("status"))
        var new = stored(main)
        new["status"] = ["replicas": 4]
        new["spec", default: [:]]["replicas"] = 7
        let status = try Self.manager(Self.deployment, subresource: "status").update(
            live: stored(main), new: new, manager: "s", time: Self.noon)
        #expect(entries(status).last == #"Update s apps/v1 status 2024-01-01T12:00:00Z {"f:status":{"f:replicas":{}}}"#)
    }

    @Test func `entries of a version that is no more are dropped`() throws {
        let manager = try Self.manager(Self.configMap)
        var live = stored(try configMap(#","data":{"a":"1"}"#))
        live["metadata", default: [:]]["managedFields"] = [
            [
                "manager": "old", "operation": "Update", "apiVersion": "v0", "fieldsType": "FieldsV1",
                "fieldsV1": ["f:data": ["f:a": [:]]],
            ]
        ]
        let result = try manager.apply(
            live: live, applied: try configMap(#","data":{"a":"2"}"#), manager: "m", force: false, time: Self.noon)
        #expect(entries(result) == [#"Apply m v1 2024-01-01T12:00:00Z {"f:data":{"f:a":{}}}"#])
    }

    @Test func `entries of another version conflict in their own words`() throws {
        let v2 = GroupVersionKind(group: "example.com", version: "v2", kind: "Thing")
        let type = ApplyType(openAPIV3Schema: nil)
        let manager = FieldManager(kind: v2, type: type) { object, version in
            var object = object
            object["apiVersion"] = .string(version)
            // v1 calls `spec.size` `spec.count`.
            if version == "example.com/v1", let size = object["spec"]?["size"] { object["spec"] = ["count": size] }
            if version == "example.com/v2", let size = object["spec"]?["count"] { object["spec"] = ["size": size] }
            return (object, type)
        }
        var live: JSONObject = ["apiVersion": "example.com/v2", "kind": "Thing", "metadata": ["name": "t"], "spec": ["size": 1]]
        live["metadata", default: [:]]["managedFields"] = [
            [
                "manager": "old", "operation": "Apply", "apiVersion": "example.com/v1", "fieldsType": "FieldsV1",
                "fieldsV1": ["f:spec": ["f:count": [:]]],
            ]
        ]
        let applied: JSONObject = ["apiVersion": "example.com/v2", "kind": "Thing", "metadata": ["name": "t"], "spec": ["size": 2]]
        let error = #expect(throws: Status.self) {
            try manager.apply(live: live, applied: applied, manager: "m", force: false, time: Self.noon)
        }
        #expect(error?.message == #"Apply failed with 1 conflict: conflict with "old": .spec.count"#)
        // The same manager in the new version gives up what it no longer applies.
        let empty: JSONObject = ["apiVersion": "example.com/v2", "kind": "Thing", "metadata": ["name": "t"]]
        let pruned = try manager.apply(live: live, applied: empty, manager: "old", force: false, time: Self.noon)
        #expect(pruned["spec"] == nil)
    }

    @Test func `a list that has become atomic is owned as one`() throws {
        let granular = ApplyType(
            openAPIV3Schema: try JSONValue(
                parsing: #"{"type":"object","properties":{"s":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"}}}"#)
        )
        let atomic = ApplyType(
            openAPIV3Schema: try JSONValue(parsing: #"{"type":"object","properties":{"s":{"type":"array","items":{"type":"string"}}}}"#))
        let kind = GroupVersionKind(group: "e.com", version: "v1", kind: "T")
        let body = try Self.object(#"{"apiVersion":"e.com/v1","kind":"T","metadata":{"name":"t"},"s":["a"]}"#)
        let live = try FieldManager(kind: kind, type: granular).apply(
            live: nil, applied: body, manager: "m", force: false, time: Self.noon)
        #expect(entries(live) == [#"Apply m e.com/v1 2024-01-01T12:00:00Z {"f:s":{"v:\"a\"":{}}}"#])
        var other = body
        other["s"] = ["b"]
        let error = #expect(throws: Status.self) {
            try FieldManager(kind: kind, type: atomic).apply(
                live: live, applied: other, manager: "n", force: false, time: Self.noon)
        }
        #expect(error?.message == #"Apply failed with 1 conflict: conflict with "m": .s"#)
    }

    @Test func `null leaves what others own in maps and lists, and sets a scalar`() throws {
        let manager = try Self.manager(Self.configMap)
        let live = stored(
            try manager.apply(
                live: nil, applied: try configMap(#","data":{"a":"1"}"#), manager: "m", force: false, time: Self.noon))
        let result = try manager.apply(
            live: live, applied: try configMap(#","data":null,"immutable":null"#), manager: "n", force: false, time: Self.noon)
        #expect(result["data"] == ["a": "1"])
    }

    @Test func `kubectl takes over what client-side apply left it`() throws {
        let manager = try Self.manager(Self.configMap)
        let last = #"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\"}}"#
        let created = try Self.object(
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","annotations":{"kubectl.kubernetes.io/last-applied-configuration":""#
                + last + #""}},"data":{"a":"1","b":"2"}}"#)
        let live = stored(manager.update(live: nil, new: created, manager: "kubectl-client-side-apply", time: Self.noon))
        let result = try manager.apply(
            live: live, applied: try configMap(#","data":{"a":"9"}"#), manager: "kubectl", force: false, time: Self.later)
        #expect(result["data"]?["a"] == "9")
        #expect(
            result["metadata"]?["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"]
                == .string(#"{"apiVersion":"v1","data":{"a":"9"},"kind":"ConfigMap","metadata":{"name":"c"}}"# + "\n"))
        // What the annotation does not tell remains a conflict, and so it is for others.
        for (name, data) in [("kubectl", #"{"a":"9","b":"9"}"#), ("helm", #"{"a":"9"}"#)] {
            let error = #expect(throws: Status.self) {
                try manager.apply(
                    live: live, applied: configMap(#","data":"# + data), manager: name, force: false, time: Self.later)
            }
            #expect(error?.details?.causes.map(\.field) == [name == "helm" ? ".data.a" : ".data.b"])
        }
    }

    @Test func `times alone are no change`() throws {
        let manager = try Self.manager(Self.configMap)
        let live = stored(manager.update(live: nil, new: try configMap(#","data":{"a":"1"}"#), manager: "m", time: Self.noon))
        var new = live
        new["metadata", default: [:]]["managedFields"] = .array(
            (live["metadata"]?["managedFields"]?.arrayValue ?? []).map { entry in
                var entry = entry
                entry["time"] = .string(Self.later.description)
                return entry
            })
        #expect(ManagedFields.withoutMereTimes(new, live: live) == live)
        new["data"] = ["a": "2"]
        #expect(ManagedFields.withoutMereTimes(new, live: live) == new)
    }

    static let deploymentText = #"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},
        "template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"a","image":"a:1","ports":[{"containerPort":80}],
        "env":[{"name":"X","value":"1"}]}]}}}}
        """#

    @Test(arguments: [
        (#""spec":{"replicas":"1"}"#, ".spec.replicas: expected numeric (int or float), got string"),
        (#""spec":{"paused":"x"}"#, ".spec.paused: expected boolean, got &{x}"),
        (#""spec":{"template":[]}"#, ".spec.template: expected map, got &{[]}"),
        (
            #""spec":{"template":{"spec":{"containers":{}}}}"#,
            ".spec.template.spec.containers: expected list, got &{map[]}"
        ),
        (
            #""spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}"#,
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "
                + #""name" (and doesn't have default value)"#
        ),
        (
            #""spec":{"selector":{"foo":1}}"#, ".spec.selector.foo: field not declared in schema"
        ),
        (
            #""metadata":{"finalizers":["a","a",null]}"#,
            #"errors:\#n  .metadata.finalizers: duplicate entries for key [="a"]\#n  .metadata.finalizers: element 2: associative list without keys has an element that's an explicit null"#
        ),
    ]) func `what does not fit the schema is refused in upstream's words`(members: String, problem: String) throws {
        let applied = try Self.object(#"{"apiVersion":"apps/v1","kind":"Deployment","# + members + "}")
        let error = #expect(throws: Status.self) {
            try Self.manager(Self.deployment).apply(live: nil, applied: applied, manager: "m", force: true, time: Self.noon)
        }
        #expect(error?.code == 500)
        #expect(error?.message == "failed to create typed patch object (/; apps/v1, Kind=Deployment): \(problem)")
    }
}
