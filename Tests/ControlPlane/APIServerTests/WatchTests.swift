import APIMachinery
import APIServer
import Testing

@Suite struct WatchTests {
    let maps = "/api/v1/namespaces/default/configmaps"
    let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

    @Test func `changes come in order with their revisions`() async throws {
        let test = try await TestServer()
        let watch = try await test.watch(maps + "?watch=1")
        try await test.create(maps, configMap("a"))
        _ = await test.send("PATCH", maps + "/a", ["data": ["a": "2"]], headers: merge)
        _ = await test.send("PATCH", maps + "/a", ["data": ["a": "2"]], headers: merge)
        _ = await test.send("DELETE", maps + "/a")
        let events = await watch.events(3)
        #expect(events.map(\.eventText) == ["ADDED a", "MODIFIED a", "DELETED a"])
        let versions = events.compactMap { $0[path: "object.metadata.resourceVersion"]?.stringValue }.compactMap { Int64($0) }
        #expect(versions == versions.sorted() && Set(versions).count == 3)
        #expect(versions.last == test.storage.currentRevision)
        #expect(events[2][path: "object.data.a"] == "2")
    }

    @Test func `a selector turns changes into arrivals and departures`() async throws {
        let test = try await TestServer()
        let watch = try await test.watch(maps + "?watch=1&labelSelector=l%3Din")
        try await test.create(maps, configMap("s"))
        for label in ["in", "in2", "in"] {
            _ = await test.send("PATCH", maps + "/s", ["metadata": ["labels": ["l": .string(label)]]], headers: merge)
        }
        _ = await test.send("DELETE", maps + "/s")
        let events = await watch.events(4)
        #expect(events.map(\.eventText) == ["ADDED s", "DELETED s", "ADDED s", "DELETED s"])
        #expect(events[1][path: "object.metadata.labels.l"] == "in")
    }

    @Test func `sendInitialEvents ends with its bookmark`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        try await test.create(maps, configMap("b"))
        let watch = try await test.watch(
            maps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
        let events = await watch.events(3)
        #expect(events.map(\.eventText) == ["ADDED a", "ADDED b", "BOOKMARK -"])
        #expect(events[2][path: "object.metadata.annotations"]?["k8s.io/initial-events-end"] == "true")
        try await test.create(maps, configMap("c"))
        #expect(await watch.events(4).last?.eventText == "ADDED c")
    }

    @Test func `a watch goes on from any revision that is kept`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("first"))
        let then = test.storage.currentRevision
        // More than what is kept in memory.
        for index in 0..<700 {
            let name = "m\(String(repeating: "0", count: 4 - String(index).count))\(index)"
            try await test.create(maps, configMap(name))
        }
        let watch = try await test.watch(maps + "?watch=1&resourceVersion=\(then)")
        try await test.create(maps, configMap("last"))
        let events = await watch.events(701)
        #expect(events.count == 701)
        #expect(events.first?.eventText == "ADDED m0000")
        #expect(events.last?.eventText == "ADDED last")
        #expect(Set(events.map(\.eventText)).count == 701)
    }

    @Test func `a watch from a forgotten revision says so`() async throws {
        let test = try await TestServer()
        for index in 0..<700 { try await test.create(maps, configMap("m\(index)")) }
        try await test.storage.compact(before: test.storage.currentRevision)
        let watch = try await test.watch(maps + "?watch=1&resourceVersion=1")
        let events = await watch.events(1)
        #expect(events.first?["type"] == "ERROR")
        #expect(events.first?[path: "object.code"] == 410)
        #expect(events.first?[path: "object.message"]?.stringValue?.hasPrefix("too old resource version: 1 (") == true)
        #expect(await watch.waitForEnd())
    }

    @Test func `a timeout ends the stream after a bookmark`() async throws {
        let test = try await TestServer()
        let watch = try await test.watch(maps + "?watch=1&timeoutSeconds=1&allowWatchBookmarks=true")
        #expect(await watch.waitForEnd())
        #expect(watch.events.map(\.eventText) == ["BOOKMARK -"])
    }

    @Test func `a slow watcher is cut off and others are not`() async throws {
        let test = try await TestServer()
        let slow = try await test.watch(maps + "?watch=1", limitBytes: 10)
        let quick = try await test.watch(maps + "?watch=1")
        for index in 0..<20 { try await test.create(maps, configMap("m\(index)")) }
        #expect(await quick.events(20).count == 20)
        #expect(slow.events.count == 1)
    }

    @Test func `many watchers each see everything once`() async throws {
        let test = try await TestServer()
        var watches: [EventReader] = []
        for _ in 0..<50 { watches.append(try await test.watch(maps + "?watch=1")) }
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<40 { group.addTask { _ = try? await test.create(maps, configMap("m\(index)")) } }
        }
        for watch in watches {
            let events = await watch.events(40)
            #expect(Set(events.map(\.eventText)).count == 40)
            let versions = events.compactMap { $0[path: "object.metadata.resourceVersion"]?.stringValue }.compactMap { Int64($0) }
            #expect(versions == versions.sorted())
        }
    }
}
