import APIMachinery
import Testing

@testable import KubernetesAPI

@Suite struct FieldSetTests {
    static let texts = [
        "{}",
        #"{"f:data":{".":{},"f:a":{},"f:b":{}}}"#,
        #"{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}}}}"#,
        #"{"f:ports":{"k:{\"containerPort\":53,\"protocol\":\"UDP\"}":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{}}}"#,
        #"{"f:finalizers":{"v:\"a.b/1\"":{},"v:\"a.b/2\"":{},"v:1":{},"v:true":{}}}"#,
        #"{"f:list":{"i:0":{},"i:10":{}}}"#,
    ]

    private func set(_ text: String) throws -> FieldSet { try FieldSet(json: JSONValue(parsing: text)) }

    @Test(arguments: texts) func `fieldsV1 is read and written`(text: String) throws {
        #expect(try set(text).json == JSONValue(parsing: text))
    }

    @Test func `elements are written fields first, then keys, values and indexes`() throws {
        let unordered = #"{"i:1":{},"v:\"b\"":{},"v:\"a\"":{},"v:2":{},"k:{\"b\":1}":{},"k:{\"a\":2}":{},"f:z":{},"f:a":{}}"#
        #expect(
            try set(unordered).json.serializedText()
                == #"{"f:a":{},"f:z":{},"k:{\"a\":2}":{},"k:{\"b\":1}":{},"v:2":{},"v:\"a\"":{},"v:\"b\"":{},"i:1":{}}"#)
    }

    @Test func `paths are named as conflicts name them`() throws {
        let text = #"{"f:a":{"k:{\"name\":\"x\",\"port\":1}":{"f:b":{}}},"f:s":{"v:\"q\"":{},"v:3":{}},"f:l":{"i:7":{}}}"#
        #expect(
            try set(text).description.split(separator: "\n")
                == [#".a[name="x",port=1].b"#, ".l[7]", ".s[=3]", #".s[="q"]"#])
    }

    @Test(arguments: [
        ("[]", #"fieldsV1: key "": must be an object"#),
        (#"{"f:a":1}"#, #"fieldsV1: key "f:a": must hold an object"#),
        (#"{"x":{}}"#, #"fieldsV1: key "x": must be one letter, a colon and a value"#),
        (#"{"i:x":{}}"#, #"fieldsV1: key "i:x": the index is no number"#),
        (#"{"v:x":{}}"#, #"fieldsV1: key "v:x": the value is no JSON"#),
        (#"{"k:{}":{}}"#, #"fieldsV1: key "k:{}": the keys are no JSON object"#),
    ]) func `what is no fieldsV1 is refused`(text: String, message: String) throws {
        let error = #expect(throws: FieldSetError.self) { try set(text) }
        #expect(error?.description == message)
    }

    @Test func `forms of later releases are passed over`() throws {
        #expect(try set(#"{"z:new":{"f:a":{}},"f:b":{}}"#).json.serializedText() == #"{"f:b":{}}"#)
    }

    @Test func `sets combine`() throws {
        let left = try set(#"{"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}}"#)
        let right = try set(#"{"f:a":{"f:x":{}},"f:c":{"f:d":{}}}"#)
        #expect(left.union(right).json.serializedText() == #"{"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{},"f:c":{"f:d":{}}}"#)
        #expect(left.intersection(right).json.serializedText() == #"{"f:a":{"f:x":{}}}"#)
        #expect(left.subtracting(right).json.serializedText() == #"{"f:a":{".":{},"f:y":{}},"f:b":{}}"#)
        #expect(right.subtracting(left).json.serializedText() == #"{"f:c":{"f:d":{}}}"#)
        #expect(left.subtracting(try set(#"{"f:a":{}}"#)).json.serializedText() == #"{"f:a":{"f:x":{},"f:y":{}},"f:b":{}}"#)
        #expect(left.subtractingTrees(try set(#"{"f:a":{}}"#)).json.serializedText() == #"{"f:b":{}}"#)
        #expect(left.subtractingTrees(right).json.serializedText() == #"{"f:a":{".":{},"f:y":{}},"f:b":{}}"#)
    }

    @Test func `a deep set is refused`() throws {
        var value: JSONValue = [:]
        for _ in 0..<1000 { value = ["f:a": value] }
        #expect(throws: FieldSetError.self) { try FieldSet(json: value) }
    }
}
