import APIMachinery
import APIServer
import Testing

/// The combinations of resourceVersion, resourceVersionMatch, limit, continue and sendInitialEvents. `N` is a revision at which there was one
/// object of three, `F` one that has not been yet.
@Suite struct ListOptionTests {
    let maps = "/api/v1/namespaces/default/configmaps"

    struct Case: Sendable, CustomTestStringConvertible {
        var query: String
        var code: Int
        /// Of a list how many, of a refusal its text.
        var count: Int?
        var text: String?
        var testDescription: String { query }

        init(_ query: String, count: Int) { (self.query, code, self.count) = (query, 200, count) }
        init(_ query: String, _ code: Int, _ text: String) { (self.query, self.code, self.text) = (query, code, text) }
    }

    static let lists = [
        Case("", count: 3), Case("resourceVersion=0", count: 3), Case("resourceVersion=N", count: 3),
        Case("resourceVersion=N&resourceVersionMatch=NotOlderThan", count: 3),
        Case("resourceVersion=0&resourceVersionMatch=NotOlderThan", count: 3),
        Case("resourceVersion=N&resourceVersionMatch=Exact", count: 1), Case("limit=2", count: 2),
        Case("limit=2&resourceVersion=0", count: 3),
        Case("limit=2&resourceVersion=N", count: 1), Case("limit=2&resourceVersion=N&resourceVersionMatch=NotOlderThan", count: 2),
        Case("limit=2&resourceVersion=N&resourceVersionMatch=Exact", count: 1), Case("limit=0", count: 3),
        Case("resourceVersionMatch=Exact", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        Case("resourceVersionMatch=NotOlderThan", 422, "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        Case("resourceVersion=0&resourceVersionMatch=Exact", 422, "forbidden for resourceVersion \"0\""),
        Case("resourceVersion=N&resourceVersionMatch=Foo", 422, "Unsupported value: \"Foo\""),
        Case("resourceVersion=x", 400, "strconv.ParseUint: parsing \"x\": invalid syntax"),
        Case("resourceVersion=F", 504, "Too large resource version"),
        Case("resourceVersion=F&resourceVersionMatch=Exact", 504, "Too large resource version"),
        Case("sendInitialEvents=true", 422, "sendInitialEvents is forbidden for list"),
        Case("continue=C&resourceVersion=N", 400, "specifying resource version is not allowed when using continue"),
        Case("continue=C&resourceVersion=N&resourceVersionMatch=Exact", 422, "forbidden when continue is provided"),
        Case("continue=garbage", 400, "invalid continue token"), Case("limit=x", 400, "strconv.ParseInt"),
    ]

    @Test(arguments: lists)
    func `a list at a revision`(_ sample: Case) async throws {
        let (test, then) = try await server()
        let token = try #require(try await test.json("GET", maps + "?limit=1")[path: "metadata.continue"]?.stringValue)
        let query = sample.query.replacing("Version=N", with: "Version=\(then)").replacing("Version=F", with: "Version=999999").replacing(
            "continue=C", with: "continue=\(token)")
        let response = await test.send("GET", "\(maps)?\(query)")
        #expect(response.status == sample.code, "\(response.text)")
        if let count = sample.count { #expect(try response.json["items"]?.arrayValue?.count == count) }
        if let text = sample.text { #expect(try response.json["message"]?.stringValue?.contains(text) == true, "\(response.text)") }
    }

    static let watches = [
        Case("sendInitialEvents=true", 422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        Case("sendInitialEvents=false", 422, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        Case("resourceVersionMatch=NotOlderThan", 422, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        Case("sendInitialEvents=true&resourceVersionMatch=Exact", 422, "Unsupported value: \"Exact\""),
        Case("resourceVersion=x", 500, "strconv.ParseUint: parsing \"x\": invalid syntax"),
        Case("continue=C", 422, "resourceVersionMatch is forbidden when continue is provided"),
        // How many events come before any change.
        Case("", count: 3), Case("resourceVersion=0", count: 3), Case("resourceVersion=N", count: 2),
        Case("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", count: 4),
        Case("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=N", count: 4),
        Case("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", count: 0),
        Case("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=N", count: 2),
    ]

    @Test(arguments: watches)
    func `a watch from a revision`(_ sample: Case) async throws {
        let (test, then) = try await server()
        let query = sample.query.replacing("Version=N", with: "Version=\(then)")
        guard let count = sample.count else {
            let response = await test.send("GET", "\(maps)?watch=1&\(query)")
            #expect(response.status == sample.code)
            #expect(try response.json["message"]?.stringValue?.contains(sample.text ?? "") == true, "\(response.text)")
            return
        }
        let reader = try await test.watch("\(maps)?watch=1&\(query)")
        defer { reader.close() }
        // A change marks the end of what comes by itself.
        _ = await reader.events(count)
        try await test.create(maps, configMap("z"))
        let events = await reader.events(count + 1)
        #expect(events.count == count + 1)
        #expect(events.last?.eventText == "ADDED z")
        let bookmarks = events.filter { $0["type"] == "BOOKMARK" }
        #expect(bookmarks.count == (query.contains("sendInitialEvents=true") ? 1 : 0))
        #expect(bookmarks.allSatisfy { $0["object"]?[path: "metadata.annotations"]?["k8s.io/initial-events-end"] == "true" })
    }

    @Test func `remainingItemCount is that of the state that is paged through`() async throws {
        let (test, _) = try await server()
        let first = try await test.json("GET", maps + "?limit=1")
        #expect(first[path: "metadata.remainingItemCount"] == 2)
        for index in 0..<4 { try await test.create(maps, configMap("new\(index)")) }
        let token = try #require(first[path: "metadata.continue"]?.stringValue)
        let second = try await test.json("GET", maps + "?limit=1&continue=\(token)")
        #expect(second[path: "metadata.remainingItemCount"] == 1)
        let selected = try await test.json("GET", maps + "?limit=1&labelSelector=l")
        #expect(selected[path: "metadata.continue"] != nil)
        #expect(selected[path: "metadata.remainingItemCount"] == nil)
    }

    @Test func `a collection is deleted by labels and fields`() async throws {
        let (test, _) = try await server()
        let dry = await test.send("DELETE", maps + "?labelSelector=l%3D1&dryRun=All")
        #expect(dry.status == 200)
        #expect(try await test.json("GET", maps)["items"]?.arrayValue?.count == 3)
        _ = await test.send("DELETE", maps + "?labelSelector=l%3D1")
        _ = await test.send("DELETE", maps + "?fieldSelector=metadata.name%3Dm2")
        #expect(try await test.json("GET", maps)["items"]?.arrayValue?.map { $0[path: "metadata.name"] } == ["m1"])
    }

    /// Three objects, of which one was there at the revision.
    private func server() async throws -> (TestServer, Int64) {
        let test = try await TestServer { $0.futureWait = .milliseconds(60) }
        try await test.create(maps, configMap("m0", labels: ["l": "1"]))
        let then = test.storage.currentRevision
        try await test.create(maps, configMap("m1", labels: ["l": "2"]))
        try await test.create(maps, configMap("m2", labels: ["l": "3"]))
        return (test, then)
    }
}
