import APIMachinery
import APIServer
import Testing

/// Rules in CEL of custom resources: at the definition, and at the objects.
@Suite struct CustomRuleTests {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    let things = "/apis/example.com/v1/namespaces/default/things"
    let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

    func server() async throws -> TestServer { try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins) }

    /// - Parameter spec: The schema of `spec`.
    func definition(_ spec: JSONValue, rules: JSONValue? = nil) -> JSONValue {
        var schema: JSONValue = ["type": "object"]
        schema["properties"] = ["spec": spec, "status": ["type": "object", "properties": ["n": ["type": "integer"]]]]
        schema["x-kubernetes-validations"] = rules
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced",
                "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
                "versions": [
                    ["name": "v1", "served": true, "storage": true, "subresources": ["status": [:]], "schema": ["openAPIV3Schema": schema]]
                ],
            ],
        ]
    }

    func spec(
        _ rules: JSONValue, _ properties: JSONValue = ["a": ["type": "integer"], "b": ["type": "integer"], "name": ["type": "string"]]
    ) -> JSONValue {
        ["type": "object", "properties": properties, "x-kubernetes-validations": rules]
    }

    func thing(_ spec: JSONValue) -> JSONValue {
        ["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "x"], "spec": spec]
    }

    /// What is behind `… is invalid: `.
    func problem(_ response: APIResponse) throws -> String {
        let message = try response.json["message"]?.stringValue ?? "no message"
        return message.firstRange(of: " is invalid: ").map { String(message[$0.upperBound...]) } ?? message
    }

    static let refusedRules: [(JSONValue, String)] = [
        (
            ["rule": "self.zz > 1"],
            #".rule: Invalid value: {"Rule":"self.zz \u003e 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: undefined field 'zz'"#
        ),
        (["rule": "self.a"], "cel expression must evaluate to a bool"),
        (["rule": " "], ".rule: Required value: rule is not specified"),
        (["rule": "true", "message": " "], #".message: Invalid value: " ": message must be non-empty if specified"#),
        (["rule": "true &&\ntrue"], ".message: Required value: message must be specified if rule contains line breaks"),
        (["rule": "true", "messageExpression": "1"], "messageExpression must evaluate to a string"),
        (
            ["rule": "true", "messageExpression": "self.zz"],
            "messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'zz'"
        ),
        (["rule": "true", "reason": "Other"], #".reason: Unsupported value: "Other""#),
        (["rule": "true", "fieldPath": ".zz"], #".fieldPath: Invalid value: ".zz": must be a valid path"#),
        (
            ["rule": "true", "optionalOldSelf": true],
            ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
        ),
    ]

    @Test(arguments: refusedRules)
    func `a rule that is none is refused with the definition`(rule: JSONValue, text: String) async throws {
        let test = try await server()
        let response = await test.send("POST", definitions, definition(spec([rule])))
        #expect(response.status == 422)
        let message = try problem(response)
        #expect(message.hasPrefix("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]"), "\(message)")
        #expect(message.contains(text), "\(message)")
    }

    @Test func `a list whose elements are not found again has no transition rules`() async throws {
        let test = try await server()
        let items: JSONValue = ["type": "string", "x-kubernetes-validations": [["rule": "self == oldSelf"]]]
        let response = await test.send("POST", definitions, definition(spec([], ["l": ["type": "array", "items": items]])))
        #expect(try problem(response).contains("oldSelf cannot be used on the uncorrelatable portion of the schema within"))
    }

    static let rules: JSONValue = [
        ["rule": "!has(self.a) || !has(self.b) || self.a <= self.b", "message": "a must not exceed b"],
        [
            "rule": "!has(self.b) || self.b < 100", "messageExpression": "'b is too large in ' + self.name",
            "reason": "FieldValueForbidden", "fieldPath": ".b",
        ],
        ["rule": "!has(self.name) || self.name != 'broken' || self.a > 0"],
    ]

    static let objects: [(JSONValue, String)] = [
        (["a": 1, "b": 2], ""), (["a": 3, "b": 2], "spec: Invalid value: a must not exceed b"),
        (["b": 100, "name": "abc"], "spec.b: Forbidden: b is too large in abc"),
        // The expression of the message fails: the rule speaks for itself.
        (["b": 100], "spec.b: Forbidden: failed rule: !has(self.b) || self.b < 100"),
        (
            ["name": "broken"],
            "spec: Invalid value: \"object\": no such key: a evaluating rule: !has(self.name) || self.name != 'broken' || self.a > 0"
        ),
        (
            ["a": "x"],
            #"[spec.a: Invalid value: "string": spec.a in body must be of type integer: "string", <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation]"#
        ),
    ]

    @Test(arguments: objects)
    func `rules are obeyed when an object is created`(spec: JSONValue, text: String) async throws {
        let test = try await server()
        try await test.create(definitions, definition(self.spec(Self.rules)))
        let response = await test.send("POST", things, thing(spec))
        #expect(response.status == (text.isEmpty ? 201 : 422))
        if !text.isEmpty { #expect(try problem(response) == text) }
    }

    @Test func `transition rules compare with what was there`() async throws {
        let test = try await server()
        let item: JSONValue = [
            "type": "object", "required": ["k"], "properties": ["k": ["type": "string"], "v": ["type": "integer"]],
            "x-kubernetes-validations": [["rule": "self.v >= oldSelf.v", "message": "v must not decrease"]],
        ]
        let properties: JSONValue = [
            "fixed": ["type": "string", "x-kubernetes-validations": [["rule": "self == oldSelf", "message": "fixed is immutable"]]],
            "items": ["type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": item],
            "map": ["type": "object", "additionalProperties": ["type": "integer", "x-kubernetes-validations": [["rule": "self > 0"]]]],
            "once": [
                "type": "string",
                "x-kubernetes-validations": [
                    ["rule": "oldSelf.hasValue() || self == 'new'", "optionalOldSelf": true, "message": "begins as new"]
                ],
            ],
        ]
        try await test.create(definitions, definition(spec([], properties)))
        let items: JSONValue = [["k": "p", "v": 5], ["k": "q", "v": 1]]
        try await test.create(things, thing(["fixed": "a", "items": items, "map": ["x": 1]]))
        func patch(_ spec: JSONValue) async throws -> String {
            let response = await test.send("PATCH", things + "/x", ["spec": spec], headers: merge)
            return response.status == 200 ? "" : try problem(response)
        }
        #expect(try await patch(["fixed": "b"]) == #"spec.fixed: Invalid value: "b": fixed is immutable"#)
        #expect(
            try await patch(["items": [["k": "q", "v": 1], ["k": "p", "v": 4]]]) == "spec.items[1]: Invalid value: v must not decrease")
        #expect(try await patch(["items": [["k": "q", "v": 2], ["k": "p", "v": 5], ["k": "r", "v": 0]]]) == "")
        #expect(try await patch(["map": ["y": 0]]) == "spec.map[y]: Invalid value: 0: failed rule: self > 0")
        #expect(try await patch(["once": "old"]) == #"spec.once: Invalid value: "old": begins as new"#)
        #expect(try await patch(["once": "new"]) == "")
        #expect(try await patch(["once": "old"]) == "")
    }

    @Test func `the root sees its names, and the status is checked too`() async throws {
        let test = try await server()
        let rules: JSONValue = [
            ["rule": "self.metadata.name.startsWith('x') && self.kind == 'Thing' && self.apiVersion == 'example.com/v1'"],
            ["rule": "!has(self.status) || self.status.n >= 0", "message": "n is a count"],
        ]
        try await test.create(definitions, definition(spec([]), rules: rules))
        try await test.create(things, thing([:]))
        var other = thing([:])
        other["metadata"] = ["name": "y"]
        #expect(await test.send("POST", things, other).status == 422)
        let status = await test.send("PATCH", things + "/x/status", ["status": ["n": -1]], headers: merge)
        #expect(try problem(status) == "<nil>: Invalid value: n is a count")
        #expect(await test.send("PATCH", things + "/x/status", ["status": ["n": 1]], headers: merge).status == 200)
    }

    @Test func `what was so before a rule came is let through with a warning`() async throws {
        let test = try await server()
        try await test.create(definitions, definition(spec([])))
        try await test.create(things, thing(["a": 3, "name": "n"]))
        let stricter = spec(
            [], ["a": ["type": "integer", "x-kubernetes-validations": [["rule": "self < 3"]]], "name": ["type": "string"]])
        let versions = definition(stricter)["spec"]?["versions"] ?? .null
        let changed = await test.send("PATCH", definitions + "/things.example.com", ["spec": ["versions": versions]], headers: merge)
        #expect(changed.status == 200)
        let untouched = await test.send("PATCH", things + "/x", ["spec": ["name": "m"]], headers: merge)
        #expect(untouched.status == 200)
        #expect(untouched.headers.all("Warning").contains { $0.contains("spec.a: Invalid value: 3: failed rule: self < 3") })
        let touched = await test.send("PATCH", things + "/x", ["spec": ["a": 4]], headers: merge)
        #expect(try problem(touched) == "spec.a: Invalid value: 4: failed rule: self < 3")
    }

    @Test func `a rule that costs too much ends the validation`() async throws {
        let test = try await server()
        let loops = "self.l.all(a, self.l.all(b, self.l.all(c, self.l.all(d, a + b + c + d >= 0))))"
        let properties: JSONValue = ["l": ["type": "array", "maxItems": 60, "items": ["type": "integer"]]]
        try await test.create(definitions, definition(spec([["rule": .string(loops), "message": "slow"]], properties)))
        let list = JSONValue.array((0..<60).map { .integer($0) })
        let response = await test.send("POST", things, thing(["l": list]))
        #expect(
            try problem(response)
                == "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: slow"
        )
    }
}
