import APIMachinery
import KubernetesAPI
import Testing

@Suite struct StrategicMergePatchTests {
    private static func apply(_ patch: String, to value: String, type: String) throws -> String {
        try StrategicMergePatch().apply(JSONValue(parsing: patch), to: JSONValue(parsing: value), type: type).serializedText()
    }

    private static let containers =
        #"{"containers":[{"name":"a","image":"a:1","args":["p","q"],"env":[{"name":"X","value":"1"}],"ports":[{"containerPort":80},{"containerPort":53,"protocol":"UDP"},{"containerPort":53,"protocol":"TCP"}]},{"name":"b","image":"b:1"}]}"#

    /// Patch of containers a and b, and names and images that are left.
    @Test(arguments: [
        (#"[{"name":"b","image":"b:2"}]"#, "", "a=a:1 b=b:2"), (#"[{"name":"n","image":"n:1"}]"#, "", "n=n:1 a=a:1 b=b:1"),
        (#"[{"name":"n","image":"n:1"}]"#, #"[{"name":"a"},{"name":"b"},{"name":"n"}]"#, "a=a:1 b=b:1 n=n:1"),
        (#"[{"name":"b","image":"b:2"}]"#, #"[{"name":"b"}]"#, "a=a:1 b=b:2"),
        (#"[{"name":"b","image":"b:2"}]"#, #"[{"name":"b"},{"name":"a"}]"#, "b=b:2 a=a:1"),
        (#"[{"name":"a","$patch":"delete"}]"#, "", "b=b:1"), (#"[{"name":"zz","$patch":"delete"}]"#, "", "a=a:1 b=b:1"),
        (#"[{"name":"z","image":"z:1"},{"$patch":"replace"}]"#, "", "z=z:1"), ("[]", "", "a=a:1 b=b:1"),
    ])
    func `lists of objects merge by their key, in the order that is asked for`(patch: String, order: String, expected: String) throws {
        let directive = order.isEmpty ? "" : #","$setElementOrder/containers":\#(order)"#
        let result = try JSONValue(
            parsing: Self.apply(#"{"containers":\#(patch)\#(directive)}"#, to: Self.containers, type: "core/v1.PodSpec"))
        let list = (result["containers"]?.arrayValue ?? []).map { "\($0["name"]?.stringValue ?? "")=\($0["image"]?.stringValue ?? "")" }
        #expect(list.joined(separator: " ") == expected)
    }

    @Test(arguments: [
        (#"{"args":["z"]}"#, "args", #"["z"]"#), (#"{"args":null}"#, "args", ""), (#"{"env":null}"#, "env", ""),
        (
            #"{"env":[{"name":"X","value":null,"valueFrom":{"fieldRef":{"fieldPath":"f"}}}]}"#, "env",
            #"[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"f"}}}]"#
        ),
        (
            #"{"ports":[{"containerPort":53,"protocol":"UDP","name":"c"}]}"#, "ports",
            #"[{"containerPort":80},{"containerPort":53,"protocol":"UDP","name":"c"},{"containerPort":53,"protocol":"TCP"}]"#
        ),
        (#"{"ports":[{"containerPort":53,"$patch":"delete"}]}"#, "ports", #"[{"containerPort":80}]"#),
        (#"{"volumeMounts":[{"name":"v","mountPath":"/b","subPath":null}]}"#, "volumeMounts", #"[{"name":"v","mountPath":"/b"}]"#),
        (#"{"resources":{"limits":{"cpu":"1"}}}"#, "resources", #"{"limits":{"cpu":"1"}}"#),
    ])
    func `fields within an element`(patch: String, field: String, expected: String) throws {
        var element = try JSONValue(parsing: patch)
        element["name"] = "a"
        let result = try StrategicMergePatch().apply(
            ["containers": [element]], to: JSONValue(parsing: Self.containers), type: "core/v1.PodSpec")
        #expect((result["containers"]?[0]?[field]?.serializedText() ?? "") == expected)
    }

    @Test(arguments: [
        (
            #"{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/h"}}]}"#,
            #"{"volumes":[{"name":"v","emptyDir":{}},{"name":"c"}]}"#, #"{"volumes":[{"name":"v","hostPath":{"path":"/h"}},{"name":"c"}]}"#
        ),
        (#"{"nodeSelector":{"$patch":"replace","c":"d"}}"#, #"{"nodeSelector":{"a":"b"}}"#, #"{"nodeSelector":{"c":"d"}}"#),
        (#"{"nodeSelector":{"$patch":"delete"}}"#, #"{"nodeSelector":{"a":"b"}}"#, "{}"),
        (#"{"nodeSelector":{"a":null,"c":"d"}}"#, #"{"nodeSelector":{"a":"b"}}"#, #"{"nodeSelector":{"c":"d"}}"#),
        (#"{"tolerations":[{"key":"c"}]}"#, #"{"tolerations":[{"key":"a"},{"key":"b"}]}"#, #"{"tolerations":[{"key":"c"}]}"#),
        (
            #"{"hostAliases":[{"ip":"1.2.3.4","hostnames":["z"]}]}"#, #"{"hostAliases":[{"ip":"1.2.3.4","hostnames":["a"]}]}"#,
            #"{"hostAliases":[{"ip":"1.2.3.4","hostnames":["z"]}]}"#
        ),
        (
            #"{"affinity":{"nodeAffinity":{"x":null}},"foo":{"$patch":"merge","a":1}}"#, "{}",
            #"{"affinity":{"nodeAffinity":{}},"foo":{"a":1}}"#
        ),
    ])
    func `fields of a pod's spec`(patch: String, value: String, expected: String) throws {
        #expect(try Self.apply(patch, to: value, type: "core/v1.PodSpec") == expected)
    }

    @Test(arguments: [
        (
            #"{"$deleteFromPrimitiveList/finalizers":["a/1"],"$setElementOrder/finalizers":["a/3","a/2"],"finalizers":["a/3"]}"#,
            #"{"finalizers":["a/3","a/2"]}"#
        ),
        (#"{"finalizers":[]}"#, #"{"finalizers":["a/1","a/2"]}"#),
        (#"{"$deleteFromPrimitiveList/finalizers":["a/2"]}"#, #"{"finalizers":["a/1"]}"#),
        (#"{"finalizers":["a/2","a/4"]}"#, #"{"finalizers":["a/1","a/2","a/4"]}"#),
    ])
    func `lists of strings merge as sets`(patch: String, expected: String) throws {
        #expect(try Self.apply(patch, to: #"{"finalizers":["a/1","a/2"]}"#, type: "meta/v1.ObjectMeta") == expected)
    }

    @Test(arguments: [
        (#"{"containers":[{"image":"x"}]}"#, "map: map[image:x] does not contain declared merge key: name"),
        (#"{"nodeSelector":{"$patch":"foo"}}"#, "unknown patch type: foo in map: map[$patch:foo]"),
        (#"{"containers":[1]}"#, "list element types are not identical: [[map[name:a]] [1]]"),
        (
            #"{"$setElementOrder/containers":[{"image":"x"}],"containers":[{"name":"a"}]}"#,
            "map: map[image:x] does not contain declared merge key: name"
        ),
        (
            #"{"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{}}]}"#,
            "retain keys: hostPath is set by the patch and not in the list"
        ),
    ])
    func `refuses what cannot be merged`(patch: String, message: String) {
        let value = #"{"containers":[{"name":"a"}],"nodeSelector":{"a":"b"},"volumes":[{"name":"v"}]}"#
        do {
            _ = try Self.apply(patch, to: value, type: "core/v1.PodSpec")
            #expect(Bool(false))
        } catch { #expect("\(error)" == message) }
    }
}
