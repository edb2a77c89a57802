import APIMachinery
import APIServer
import Testing

@Suite struct CustomResourceTests {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    let things = "/apis/example.com/v1/namespaces/default/things"
    let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

    func server() async throws -> TestServer { try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins) }

    func definition(_ schema: JSONValue, subresources: JSONValue? = nil) -> JSONValue {
        var version: JSONValue = ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": schema]]
        version["subresources"] = subresources
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced", "versions": [version],
                "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
            ],
        ]
    }

    let schema: JSONValue = [
        "type": "object",
        "properties": [
            "spec": [
                "type": "object", "required": ["name"],
                "properties": [
                    "name": ["type": "string", "maxLength": 5], "count": ["type": "integer", "default": 4, "minimum": 1],
                    "any": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                ],
            ],
            "status": ["type": "object", "properties": ["replicas": ["type": "integer"]]],
        ],
    ]

    func thing(_ spec: JSONValue) -> JSONValue {
        ["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": "x"], "spec": spec]
    }

    @Test func `a definition is served as soon as it is made`() async throws {
        let test = try await server()
        #expect(await test.send("GET", things).status == 404)
        try await test.create(definitions, definition(schema))
        let made = try await test.json("GET", definitions + "/things.example.com")
        #expect(made[path: "status.acceptedNames.kind"] == "Thing")
        #expect(made[path: "status.conditions"]?.arrayValue?.compactMap { $0["status"] } == ["True", "True"])
        let list = try await test.json("GET", things)
        #expect(list["kind"] == "ThingList")
        let resources = try await test.json("GET", "/apis/example.com/v1")
        #expect(resources["resources"]?[0]?["name"] == "things")
    }

    @Test func `fields are pruned, defaulted and checked`() async throws {
        let test = try await server()
        try await test.create(definitions, definition(schema))
        let body = thing(["name": "abc", "foo": 1, "any": ["kept": true]])
        let response = await test.send("POST", things, body)
        #expect(response.headers.all("Warning") == [#"299 - "unknown field \"spec.foo\"""#])
        #expect(try response.json["spec"] == ["name": "abc", "count": 4, "any": ["kept": true]])
        let long = await test.send("POST", things, thing(["name": "abcdef"]))
        #expect(
            try long.json["message"] == #"Thing.example.com "x" is invalid: spec.name: Too long: may not be more than 5 bytes"#)
        let missing = await test.send("POST", things, thing([:]))
        #expect(try missing.json["message"] == #"Thing.example.com "x" is invalid: spec.name: Required value"#)
    }

    @Test func `the status has an endpoint and a generation of its own`() async throws {
        let test = try await server()
        try await test.create(definitions, definition(schema, subresources: ["status": [:]]))
        let made = try await test.create(things, thing(["name": "abc"]))
        #expect(made[path: "metadata.generation"] == 1)
        let status = try await test.json(
            "PATCH", things + "/x/status", ["status": ["replicas": 2], "spec": ["name": "no"]], headers: merge)
        #expect(status[path: "status.replicas"] == 2)
        #expect(status[path: "spec.name"] == "abc")
        #expect(status[path: "metadata.generation"] == 1)
        let changed = try await test.json("PATCH", things + "/x", ["spec": ["count": 7], "status": ["replicas": 9]], headers: merge)
        #expect(changed[path: "metadata.generation"] == 2)
        #expect(changed[path: "status.replicas"] == 2)
    }

    @Test func `deleting a definition deletes what it defines`() async throws {
        let test = try await server()
        try await test.create(definitions, definition(schema))
        try await test.create(things, thing(["name": "abc"]))
        #expect(await test.send("DELETE", definitions + "/things.example.com").status == 200)
        #expect(await test.send("GET", definitions + "/things.example.com").status == 404)
        #expect(await test.send("GET", things).status == 404)
        #expect(try await test.storage.get("/registry/example.com/things/default/x", at: nil) == nil)
    }
}
