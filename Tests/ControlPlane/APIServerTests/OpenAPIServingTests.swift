import APIMachinery
import APIServer
import KubernetesAPI
import Testing

@Suite struct OpenAPIServingTests {
    static let definition: JSONValue = [
        "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced", "names": ["plural": "widgets", "kind": "Widget"], "versions": [version],
        ],
    ]
    private static let version: JSONValue = [
        "name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": spec]]],
    ]
    private static let spec: JSONValue = ["type": "object", "properties": ["size": ["type": "integer"]]]

    @Test func `old kubectl gets its protobuf, with what was defined`() async throws {
        let test = try await TestServer(usesPlainRules: false)
        let types = OpenAPIDocuments.v2ProtobufTypes
        let before = await test.send("GET", "/openapi/v2", headers: ["Accept": types.asked])
        #expect(before.headers["Content-Type"] == types.answered)
        #expect(before.bytes.first == 0x0a)  // field 1: swagger
        let etag = try #require(before.headers["ETag"])
        #expect(await test.send("GET", "/openapi/v2", headers: ["Accept": types.asked, "If-None-Match": etag]).status == 304)
        try await test.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Self.definition)
        let after = await test.send("GET", "/openapi/v2", headers: ["Accept": types.asked])
        #expect(after.headers["ETag"] != etag)
        #expect(after.bytes.firstRange(of: Array("com.example.v1.Widget".utf8)) != nil)
        let json = await test.send("GET", "/openapi/v2", headers: ["Accept": "application/json"])
        #expect(json.headers["Content-Type"] == "application/json")
        #expect(try json.json["definitions"]?["com.example.v1.Widget"] != nil)
    }

    @Test func `documents are found by the hashes of the index`() async throws {
        let test = try await TestServer(usesPlainRules: false)
        try await test.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Self.definition)
        let index = try await test.json("GET", "/openapi/v3")
        #expect(index["paths"]?["api/v1"] != nil)
        let path = try #require(index["paths"]?["apis/example.com/v1"]?["serverRelativeURL"]?.stringValue)
        let found = await test.send("GET", path)
        #expect(found.status == 200)
        #expect(found.headers["Cache-Control"] == "public, immutable")
        #expect(try found.json["components"]?["schemas"]?["com.example.v1.Widget"] != nil)
        let moved = await test.send("GET", "/openapi/v3/apis/example.com/v1?hash=OTHER")
        #expect(moved.status == 301)
        #expect(moved.headers["Location"] == path)
        #expect(await test.send("GET", "/openapi/v3/apis/example.com/v1").headers["Cache-Control"] == "no-cache, private")
        #expect(await test.send("GET", "/openapi/v3/apis/nope/v1").status == 404)
    }

    @Test func `a definition brings and takes its APIService`() async throws {
        let test = try await TestServer(usesPlainRules: false)
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        try await test.create(definitions, Self.definition)
        let service = try await test.json("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com")
        #expect(service[path: "metadata.labels"]?["kube-aggregator.kubernetes.io/automanaged"] == "true")
        #expect(service[path: "status.conditions"]?[0]?["type"] == "Available")
        #expect(service[path: "status.conditions"]?[0]?["reason"] == "Local")
        _ = await test.send("DELETE", definitions + "/widgets.example.com")
        #expect(await test.send("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.example.com").status == 404)
    }

    static let refused: [(String, JSONValue, String)] = [
        (
            "/apis/apiregistration.k8s.io/v1/apiservices",
            [
                "metadata": ["name": "v1.other.example.com"],
                "spec": [
                    "group": "other.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
                    "insecureSkipTLSVerify": true, "service": ["name": "s", "namespace": "default"],
                ],
            ], "spec.service: this server reaches no others"
        )
    ]
    @Test(arguments: refused)
    func `what would not be obeyed is refused by name`(path: String, object: JSONValue, text: String) async throws {
        let test = try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins)
        let response = await test.send("POST", path, object)
        #expect(response.status == 403)
        #expect(try response.json["message"]?.stringValue?.contains(text) == true, "\(response.text)")
        // A refusal and a warning that it was stored would contradict each other.
        #expect(response.headers.all("Warning").isEmpty)
    }
}
