import APIMachinery
@testable import APIServer
import Testing

/// Custom resources whose versions a webhook converts: `hostPort` in v1 is `host` and `port` in v2.
@Suite struct ConversionWebhookTests {
    private static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    private static let things = "/apis/example.com/%/namespaces/default/things"
    private static let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

    private static func path(_ version: String, _ name: String = "") -> String {
        things.split(separator: "%").joined(separator: version) + (name.isEmpty ? "" : "/" + name)
    }

    private static func definition(storage: String, conversion: JSONValue? = nil) -> JSONValue {
        func version(_ name: String, _ fields: JSONValue) -> JSONValue {
            var properties = fields
            properties["extra"] = ["type": "string"]
            return [
                "name": .string(name), "served": true, "storage": .bool(name == storage), "subresources": ["status": [:]],
                "schema": ["openAPIV3Schema": ["type": "object", "properties": properties]],
            ]
        }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced",
                "names": ["plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"],
                "versions": [
                    version("v1", ["hostPort": ["type": "string"]]),
                    version("v2", ["host": ["type": "string"], "port": ["type": "string"]]),
                ],
                "conversion": conversion ?? [
                    "strategy": "Webhook",
                    "webhook": [
                        "conversionReviewVersions": ["v1"], "clientConfig": ["url": "https://hooks.example.com/convert"],
                    ],
                ],
            ],
        ]
    }

    private static func answer(_ request: JSONValue, _ objects: [JSONValue], _ more: JSONObject = JSONObject()) -> WebhookAnswer {
        var response: JSONObject = [
            "uid": request["uid"] ?? "", "convertedObjects": .array(objects), "result": ["status": "Success"],
        ]
        for member in more.members { response[member.key] = member.value }
        let review: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": .object(response),
        ]
        return WebhookAnswer(status: 200, contentType: "application/json", body: review.serialized())
    }

    private static func converted(_ object: JSONValue, to version: JSONValue) -> JSONValue {
        var object = object
        if version == "example.com/v2", object["apiVersion"] == "example.com/v1" {
            let parts = (object["hostPort"]?.stringValue ?? "").split(separator: ":").map(String.init)
            object["host"] = .string(parts.first ?? "")
            object["port"] = .string(parts.last ?? "")
            object["hostPort"] = nil
        } else if version == "example.com/v1" {
            object["hostPort"] = .string("\(object["host"]?.stringValue ?? ""):\(object["port"]?.stringValue ?? "")")
            object["host"] = nil
            object["port"] = nil
        }
        object["apiVersion"] = version
        return object
    }

    private static let honest: ScriptedCaller.Script = { request throws(WebhookCallError) in
        answer(request, (request["objects"]?.arrayValue ?? []).map { converted($0, to: request["desiredAPIVersion"] ?? "") })
    }

    private static func make(
        storage: String = "v1", _ script: @escaping ScriptedCaller.Script = honest
    ) async throws -> (test: TestServer, caller: ScriptedCaller) {
        let caller = ScriptedCaller(["convert": script])
        let test = try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins) { $0.conversionCaller = caller }
        try await test.create(definitions, definition(storage: storage))
        return (test, caller)
    }

    private static func v1(_ name: String, _ hostPort: String = "a:1") -> JSONValue {
        ["apiVersion": "example.com/v1", "kind": "Thing", "metadata": ["name": .string(name)], "hostPort": .string(hostPort)]
    }

    private static func v2(_ name: String) -> JSONValue {
        [
            "apiVersion": "example.com/v2", "kind": "Thing", "metadata": ["name": .string(name), "labels": ["in": "v2"]], "host": "b",
            "port": "2",
        ]
    }

    @Test func `an object is read and written in either version, and stored in one`() async throws {
        let (test, caller) = try await Self.make()
        try await test.create(Self.path("v1"), Self.v1("x"))
        #expect(caller.calls.isEmpty)
        let read = try await test.json("GET", Self.path("v2", "x"))
        #expect(read["apiVersion"] == "example.com/v2")
        #expect(read["host"] == "a")
        #expect(read["hostPort"] == nil)
        #expect(read[path: "metadata.resourceVersion"]?.stringValue?.isEmpty == false)
        let call = try #require(caller.calls.first)
        #expect(call.review["kind"] == "ConversionReview")
        #expect(call.request["desiredAPIVersion"] == "example.com/v2")
        #expect(call.endpoint.target == "/convert?timeout=30s")
        let made = try await test.create(Self.path("v2"), Self.v2("y"))
        #expect(made["host"] == "b")
        #expect(try await test.json("GET", Self.path("v1", "y"))["hostPort"] == "b:2")
        let patched = try await test.json("PATCH", Self.path("v2", "x"), ["port": "9"], headers: Self.merge)
        #expect(patched["port"] == "9")
        #expect(try await test.json("GET", Self.path("v1", "x"))["hostPort"] == "a:9")
        let stored = try #require(try await test.storage.get("/registry/example.com/things/default/x", at: nil))
        #expect(try JSONValue(parsing: stored.value)["apiVersion"] == "example.com/v1")
        let applied = await test.send(
            "PATCH", Self.path("v2", "x") + "?fieldManager=me&force=true",
            ["apiVersion": "example.com/v2", "kind": "Thing", "metadata": ["name": "x"], "host": "c"],
            headers: ["Content-Type": "application/apply-patch+yaml"])
        #expect(applied.status == 200, "\(applied.text)")
        #expect(try await test.json("GET", Self.path("v1", "x"))["hostPort"] == "c:9")
    }

    @Test func `a list of objects of both versions is shown in either, each converted once`() async throws {
        let (test, caller) = try await Self.make()
        try await test.create(Self.path("v1"), Self.v1("x"))
        let other = await test.send(
            "PATCH", Self.definitions + "/things.example.com",
            ["spec": ["versions": Self.definition(storage: "v2")["spec"]?["versions"] ?? []]], headers: Self.merge)
        #expect(other.status == 200, "\(other.text)")
        #expect(try await test.json("GET", Self.definitions + "/things.example.com")[path: "status.storedVersions"] == ["v1", "v2"])
        try await test.create(Self.path("v2"), Self.v2("y"))
        let one = try await test.json("GET", Self.path("v1"))["items"]?.arrayValue ?? []
        #expect(one.map { $0["hostPort"] } == ["a:1", "b:2"])
        #expect(one.map { $0["apiVersion"] } == ["example.com/v1", "example.com/v1"])
        let count = caller.calls.count
        let two = try await test.json("GET", Self.path("v2"))["items"]?.arrayValue ?? []
        #expect(two.map { $0["host"] } == ["a", "b"])
        #expect(caller.calls.count == count + 1)
        #expect(caller.calls.last?.request["objects"]?.arrayValue?.count == 1)
        _ = try await test.json("GET", Self.path("v2"))
        _ = try await test.json("GET", Self.path("v2") + "?labelSelector=in%3Dv2")
        #expect(caller.calls.count == count + 1)
    }

    @Test func `a watch tells of objects in its version`() async throws {
        let (test, _) = try await Self.make()
        try await test.create(Self.path("v1"), Self.v1("x"))
        let reader = try await test.watch(Self.path("v2") + "?watch=1&resourceVersion=0")
        #expect(await reader.events(1).first?["object"]?["host"] == "a")
        try await test.create(Self.path("v1"), Self.v1("y", "z:7"))
        _ = await test.send("DELETE", Self.path("v1", "x"))
        let events = await reader.events(3)
        #expect(events.map(\.eventText) == ["ADDED x", "ADDED y", "DELETED x"])
        #expect(events.map { $0["object"]?["apiVersion"] } == ["example.com/v2", "example.com/v2", "example.com/v2"])
        #expect(events.last?["object"]?["port"] == "1")
        reader.close()
    }

    @Test func `a watch whose objects cannot be converted ends with an error`() async throws {
        let (test, _) = try await Self.make { _ throws(WebhookCallError) in throw WebhookCallError("connect: connection refused") }
        let reader = try await test.watch(Self.path("v2") + "?watch=1")
        try await test.create(Self.path("v1"), Self.v1("y"))
        let events = await reader.events(1)
        #expect(events.first?["type"] == "ERROR")
        #expect(
            events.first?["object"]?["message"]?.stringValue?.hasPrefix("conversion webhook for example.com/v1, Kind=Thing failed") == true)
        #expect(await reader.waitForEnd())
    }

    static let failures: [(ScriptedCaller.Script, String)] = [
        (
            { _ throws(WebhookCallError) in throw WebhookCallError("connect: connection refused") },
            "failed: Post \"https://hooks.example.com/convert?timeout=30s\": connect: connection refused"
        ),
        (
            { request throws(WebhookCallError) in
                answer(request, [], ["result": ["status": "Failure", "message": "no such field"]])
            }, "failed: no such field"
        ),
        (
            { request throws(WebhookCallError) in answer(request, [], ["result": ["status": "Failed"]]) },
            "failed: response.result.status was 'Failed', not 'Success'"
        ),
        (
            { request throws(WebhookCallError) in answer(request, [], ["uid": "other"]) }, "failed: expected response.uid="
        ),
        ({ request throws(WebhookCallError) in answer(request, []) }, "returned 0 objects, expected 1"),
        (
            { request throws(WebhookCallError) in answer(request, request["objects"]?.arrayValue ?? []) },
            "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)"
        ),
        (
            changed { $0["metadata"]?["name"] = "other" }, "returned invalid object: must have the same name: x != other"
        ),
        (changed { $0["metadata"]?["uid"] = "u" }, "returned invalid object: must have the same UID: "),
        (
            changed { $0["metadata"]?["labels"] = ["a": 1] },
            "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object"
        ),
        (
            changed { $0["metadata"]?["labels"] = ["a": "b c"] },
            "returned invalid metadata: metadata.labels[a]: Invalid value: \"b c\": a valid label must be an empty string"
        ),
    ]

    private static func changed(_ change: @escaping @Sendable (inout JSONValue) -> Void) -> ScriptedCaller.Script {
        { request throws(WebhookCallError) in
            var object = converted(request["objects"]?[0] ?? .null, to: request["desiredAPIVersion"] ?? "")
            change(&object)
            return answer(request, [object])
        }
    }

    @Test(arguments: failures.indices)
    func `what the webhook does wrong is told in upstream's words`(index: Int) async throws {
        let (script, text) = Self.failures[index]
        let (test, _) = try await Self.make(script)
        try await test.create(Self.path("v1"), Self.v1("x"))
        let answer = await test.send("GET", Self.path("v2", "x"))
        #expect(answer.status == 500)
        #expect(answer.message.hasPrefix("conversion webhook for example.com/v1, Kind=Thing \(text)"), "\(answer.message)")
        #expect(await test.send("GET", Self.path("v1", "x")).status == 200)
    }

    @Test func `of the metadata only labels and annotations are the webhook's`() async throws {
        let (test, _) = try await Self.make(
            Self.changed {
                $0["metadata"] = ["name": "x", "namespace": "default", "uid": $0["metadata"]?["uid"] ?? "", "annotations": ["new": "1"]]
                $0["unknown"] = "pruned"
            })
        var object = Self.v1("x")
        object["metadata"]?["labels"] = ["old": "1"]
        try await test.create(Self.path("v1"), object)
        let read = try await test.json("GET", Self.path("v2", "x"))
        #expect(read["metadata"]?["labels"] == nil)
        #expect(read["metadata"]?["annotations"] == ["new": "1"])
        #expect(read["metadata"]?["creationTimestamp"] != nil)
        #expect(read["metadata"]?["managedFields"] != nil)
        #expect(read["unknown"] == nil)
    }

    @Test func `a definition goes though its webhook has gone before`() async throws {
        let (test, _) = try await Self.make { _ throws(WebhookCallError) in throw WebhookCallError("gone") }
        try await test.create(Self.path("v1"), Self.v1("x"))
        #expect(await test.send("DELETE", Self.definitions + "/things.example.com").status == 200)
        #expect(await test.send("GET", Self.definitions + "/things.example.com").status == 404)
        #expect(try await test.storage.get("/registry/example.com/things/default/x", at: nil) == nil)
    }
}
