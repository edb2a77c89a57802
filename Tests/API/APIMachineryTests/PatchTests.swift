import APIMachinery
import Testing

@Suite struct PatchTests {
    private static func apply(_ patch: String, to value: String) throws -> String {
        try JSONPatch(JSONValue(parsing: patch)).applied(to: JSONValue(parsing: value)).serializedText()
    }

    @Test(arguments: [
        (#"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1}"#, #"{"a":1,"b":2}"#),
        (#"[{"op":"add","path":"/a","value":2}]"#, #"{"a":1,"b":3}"#, #"{"a":2,"b":3}"#),
        (#"[{"op":"add","path":"/a/1","value":9}]"#, #"{"a":[1,2]}"#, #"{"a":[1,9,2]}"#),
        (#"[{"op":"add","path":"/a/-","value":9}]"#, #"{"a":[1,2]}"#, #"{"a":[1,2,9]}"#),
        (#"[{"op":"add","path":"/a/2","value":9}]"#, #"{"a":[1,2]}"#, #"{"a":[1,2,9]}"#),
        (#"[{"op":"add","path":"","value":[1]}]"#, #"{"a":1}"#, "[1]"),
        (#"[{"op":"remove","path":"/a/0"}]"#, #"{"a":[1,2]}"#, #"{"a":[2]}"#),
        (#"[{"op":"remove","path":"/a~1b~0c"}]"#, #"{"a/b~c":1,"d":2}"#, #"{"d":2}"#),
        (#"[{"op":"replace","path":"/a/b/0/c","value":null}]"#, #"{"a":{"b":[{"c":1}]}}"#, #"{"a":{"b":[{"c":null}]}}"#),
        (#"[{"op":"move","from":"/a","path":"/b/c"}]"#, #"{"a":1,"b":{}}"#, #"{"b":{"c":1}}"#),
        (#"[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/x","value":1}]"#, #"{"a":{}}"#, #"{"a":{},"b":{"x":1}}"#),
        (#"[{"op":"test","path":"/a","value":{"y":2,"x":1}}]"#, #"{"a":{"x":1,"y":2}}"#, #"{"a":{"x":1,"y":2}}"#),
        (#"[{"op":"test","path":"/zz","value":null}]"#, "{}", "{}"), ("[]", "{}", "{}"),
        // As kube-apiserver's library has it, laxer than the RFC.
        (#"[{"op":"replace","path":"/b","value":1}]"#, #"{"a":1}"#, #"{"a":1,"b":1}"#),
        (#"[{"op":"copy","from":"/zz","path":"/b"}]"#, #"{"a":1}"#, #"{"a":1,"b":null}"#),
        (#"[{"op":"add","path":"/b"}]"#, #"{"a":1}"#, #"{"a":1,"b":null}"#),
        (#"[{"op":"replace","path":"/a/-1/c","value":2}]"#, #"{"a":[0,{"c":1}]}"#, #"{"a":[0,{"c":2}]}"#),
        (#"[{"op":"remove","path":"/a/-2"}]"#, #"{"a":[1,2]}"#, #"{"a":[2]}"#),
        (#"[{"op":"add","path":"/a/-1","value":3}]"#, #"{"a":[1,2]}"#, #"{"a":[1,2,3]}"#),
    ])
    func `a JSON patch is applied`(patch: String, value: String, expected: String) throws {
        #expect(try Self.apply(patch, to: value) == expected)
    }

    @Test(arguments: [
        (#"[{"op":"remove","path":"/b"}]"#, "remove operation does not apply: doc is missing path: /b"),
        (#"[{"op":"replace","path":"/l/2","value":1}]"#, "replace operation does not apply: doc is missing path: /l/2"),
        (#"[{"op":"replace","path":"/l/-3","value":1}]"#, "replace operation does not apply: doc is missing path: /l/-3"),
        (#"[{"op":"copy","from":"/b/c","path":"/d"}]"#, "copy operation does not apply: doc is missing path: /b/c"),
        (#"[{"op":"copy","from":"/l/9","path":"/d"}]"#, "copy operation does not apply: doc is missing path: /l/9"),
        (#"[{"op":"move","from":"/b","path":"/d"}]"#, "move operation does not apply: doc is missing path: /b"),
        (#"[{"op":"add","path":"/b/c","value":1}]"#, "add operation does not apply: doc is missing path: /b/c"),
        (#"[{"op":"add","path":"/l/3","value":1}]"#, "add operation does not apply: doc is missing path: /l/3"),
        (#"[{"op":"remove","path":"/l/01"}]"#, "remove operation does not apply: doc is missing path: /l/01"),
        (#"[{"op":"remove","path":"/l/-"}]"#, "remove operation does not apply: doc is missing path: /l/-"),
        (#"[{"op":"test","path":"/a","value":2}]"#, "testing value /a failed"),
        (#"[{"op":"move","from":"/o","path":"/o/x"}]"#, "move operation does not apply: /o/x: inside of what is moved"),
        (#"{"op":"add"}"#, "a JSON patch is an array"), (#"[{"op":"foo","path":"/a"}]"#, "unknown op \"foo\""),
        (#"[{"op":"add","path":"a","value":1}]"#, "a path begins with '/': \"a\""),
        (#"[{"op":"add","path":"/~2","value":1}]"#, "'~' without 0 or 1 behind it: \"/~2\""),
    ])
    func `a JSON patch that does not fit is refused`(patch: String, message: String) {
        do {
            _ = try Self.apply(patch, to: #"{"a":1,"l":[1,2],"o":{}}"#)
            #expect(Bool(false))
        } catch { #expect("\(error)" == message) }
    }

    @Test func `bounds copies and operations`() throws {
        let doubling = Array(repeating: #"{"op":"copy","from":"/a","path":"/a/-"}"#, count: 40).joined(separator: ",")
        let patch = try JSONPatch(JSONValue(parsing: "[\(doubling)]"))
        #expect(throws: PatchError.self) { try patch.applied(to: ["a": [1]], maxCopiedBytes: 1 << 20) }
        let many = JSONValue.array(Array(repeating: ["op": "remove", "path": "/a"], count: 10_001))
        #expect(throws: PatchError.self) { try JSONPatch(many) }
    }

    /// Each copy puts the whole chain below its own end: eleven of them are 2,048 levels.
    @Test func `bounds the depth of what copies make`() throws {
        let operations = (0..<11).map { #"{"op":"copy","from":"/a","path":"\#(String(repeating: "/a", count: 1 + 1 << $0))"}"# }
        let document: JSONValue = ["a": [:]]
        let eight = try JSONPatch(JSONValue(parsing: "[\(operations.prefix(8).joined(separator: ","))]"))
        _ = try JSONValue(parsing: eight.applied(to: document).serialized())
        let all = try JSONPatch(JSONValue(parsing: "[\(operations.joined(separator: ","))]"))
        #expect(throws: PatchError(.doesNotApply, "the result is nested deeper than 512 levels")) { try all.applied(to: document) }
    }

    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c"]"#, #"["c"]"#), (#"{"a":"b"}"#, "null", "null"),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func `a merge patch is applied`(value: String, patch: String, expected: String) throws {
        #expect(try JSONValue(parsing: value).merging(JSONValue(parsing: patch)).serializedText() == expected)
    }
}
