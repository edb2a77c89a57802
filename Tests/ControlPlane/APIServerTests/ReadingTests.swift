import APIMachinery
import APIServer
import Testing

@Suite struct ReadingTests {
    let maps = "/api/v1/namespaces/default/configmaps"

    @Test func `what was created is read back with its revision`() async throws {
        let test = try await TestServer()
        let made = try await test.create(maps, configMap("a", labels: ["l": "1"]))
        let read = try await test.json("GET", maps + "/a")
        #expect(read == made)
        #expect(read[path: "metadata.namespace"] == "default")
        #expect(read[path: "metadata.resourceVersion"]?.stringValue.flatMap { Int64($0) } == test.storage.currentRevision)
        #expect(read[path: "metadata.uid"]?.stringValue?.count == 36)
        #expect(read["data"] == ["a": "1"])
    }

    @Test func `the store holds no resourceVersion`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        let stored = try await test.storage.get("/registry/core/configmaps/default/a", at: nil)
        let text = String(decoding: stored?.value ?? [], as: UTF8.self)
        #expect(text.hasPrefix(#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"#))
        #expect(!text.contains("resourceVersion"))
    }

    @Test(arguments: [
        ("GET", "/api/v1/namespaces/default/nonsense", 404, "the server could not find the requested resource"),
        ("GET", "/apis/apps/v9/deployments", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/pods/x", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/nodes", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/configmaps/x/status", 404, "the server could not find the requested resource"),
        ("GET", "/api/v1/namespaces/default/configmaps/x", 404, #"configmaps "x" not found"#),
        ("GET", "/apis/apps/v1/namespaces/default/deployments/x", 404, #"deployments.apps "x" not found"#),
        ("PUT", "/api/v1/namespaces/default/pods", 405, "the server does not allow this method on the requested resource"),
        ("DELETE", "/api/v1/pods", 405, "the server does not allow this method on the requested resource"),
        ("POST", "/api/v1/pods", 405, "the server does not allow this method on the requested resource"),
        ("POST", "/version", 405, "the server does not allow this method on the requested resource"),
        ("GET", "/api/v1/namespaces/default/configmaps?limit=x", 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
    ])
    func `a wrong way is answered as upstream does`(method: String, target: String, code: Int, message: String) async throws {
        let test = try await TestServer()
        let response = await test.send(method, target)
        #expect(response.status == code)
        #expect(try response.json["message"]?.stringValue == message)
    }

    @Test(arguments: ["/foo", "/apis/nope.example.com/v1/things", "/readyz/nope"])
    func `an unknown path is no Status`(path: String) async throws {
        let response = await (try TestServer()).send("GET", path)
        #expect(response.status == 404)
        #expect(response.text == "404 page not found\n")
    }

    @Test func `a list comes in pages of one state`() async throws {
        let test = try await TestServer()
        for index in 0..<5 { try await test.create(maps, configMap("m\(index)")) }
        let first = try await test.json("GET", maps + "?limit=2")
        #expect(first["items"]?.arrayValue?.map { $0[path: "metadata.name"] } == ["m0", "m1"])
        #expect(first[path: "metadata.remainingItemCount"] == 3)
        _ = await test.send("DELETE", maps + "/m3")
        try await test.create(maps, configMap("m2b"))
        let token = try #require(first[path: "metadata.continue"]?.stringValue)
        let second = try await test.json("GET", maps + "?limit=2&continue=\(token)")
        #expect(second["items"]?.arrayValue?.map { $0[path: "metadata.name"] } == ["m2", "m3"])
        #expect(second[path: "metadata.resourceVersion"] == first[path: "metadata.resourceVersion"])
        let rest = try #require(second[path: "metadata.continue"]?.stringValue)
        let last = try await test.json("GET", maps + "?limit=2&continue=\(rest)")
        #expect(last["items"]?.arrayValue?.map { $0[path: "metadata.name"] } == ["m4"])
        #expect(last[path: "metadata.continue"] == nil)
        #expect(last["items"]?[0]?["kind"] == nil)
    }

    @Test func `an expired token is answered with another`() async throws {
        let test = try await TestServer()
        for index in 0..<3 { try await test.create(maps, configMap("m\(index)")) }
        let first = try await test.json("GET", maps + "?limit=1")
        try await test.create(maps, configMap("z"))
        try await test.storage.compact(before: test.storage.currentRevision)
        let token = try #require(first[path: "metadata.continue"]?.stringValue)
        let refused = await test.send("GET", maps + "?limit=1&continue=\(token)")
        #expect(refused.status == 410)
        #expect(try refused.json["reason"] == "Expired")
        let other = try #require(try refused.json[path: "metadata.continue"]?.stringValue)
        let next = try await test.json("GET", maps + "?limit=1&continue=\(other)")
        #expect(next["items"]?[0]?[path: "metadata.name"] == "m1")
    }

    @Test func `selectors narrow a list`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a", labels: ["app": "web"]))
        try await test.create(maps, configMap("b", labels: ["app": "db"]))
        try await test.create(maps, configMap("c"))
        func names(_ query: String) async throws -> [JSONValue?]? {
            try await test.json("GET", "/api/v1/configmaps?" + query)["items"]?.arrayValue?.map { $0[path: "metadata.name"] }
        }
        #expect(try await names("labelSelector=app%3Dweb") == ["a"])
        #expect(try await names("labelSelector=app") == ["a", "b"])
        #expect(try await names("labelSelector=!app") == ["c"])
        #expect(try await names("fieldSelector=metadata.name%3Db") == ["b"])
        #expect(try await names("fieldSelector=metadata.namespace!%3Ddefault") == [])
        let refused = await test.send("GET", maps + "?fieldSelector=spec.foo%3Dbar")
        #expect(refused.status == 400)
    }

    @Test func `the past can be listed`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        let then = test.storage.currentRevision
        try await test.create(maps, configMap("b"))
        let list = try await test.json("GET", maps + "?resourceVersion=\(then)&resourceVersionMatch=Exact")
        #expect(list["items"]?.arrayValue?.count == 1)
        #expect(list[path: "metadata.resourceVersion"] == .string(String(then)))
        let newer = try await test.json("GET", maps + "?resourceVersion=\(then)&resourceVersionMatch=NotOlderThan")
        #expect(newer["items"]?.arrayValue?.count == 2)
    }

    @Test func `tables and partial objects`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        let accept: HTTPHeaders = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"]
        let table = try await test.json("GET", maps, headers: accept)
        #expect(table["kind"] == "Table")
        #expect(table["rows"]?[0]?["cells"] == ["a"])
        #expect(table["rows"]?[0]?[path: "object.kind"] == "PartialObjectMetadata")
        let partial: HTTPHeaders = ["Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"]
        let list = try await test.json("GET", maps, headers: partial)
        #expect(list["items"]?[0]?["data"] == nil)
        #expect(list["items"]?[0]?[path: "metadata.name"] == "a")
        let yaml = await test.send("GET", maps + "/a", headers: ["Accept": "application/yaml"])
        #expect(yaml.text.contains("data:\n  a: \"1\"\n"))
    }
}
