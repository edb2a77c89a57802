import APIMachinery
import APIServer
import KubernetesAPI
import Testing

/// Compares the answers with those recorded from the real server, where they are. `SWIFTLET_RECORDED` names their directory.
@Suite(.enabled(if: Recorded.directory != nil, "SWIFTLET_RECORDED names no directory of recorded answers"))
struct ReplayTests {
    static var hasRules: Bool {
        BuiltInStrategies.strategy(for: GroupVersionKind(group: "", version: "v1", kind: "Pod")) != nil
    }

    func server() async throws -> TestServer {
        // Kinds that are refused because they would not be obeyed are compared all the same.
        let plugins = DefaultAdmission.plugins.filter { !($0 is UnsupportedAdmission) }
        let test = try await TestServer(usesPlainRules: !Self.hasRules, admission: plugins)
        for (name, value) in [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)] {
            _ = await test.send(
                "POST", "/apis/scheduling.k8s.io/v1/priorityclasses",
                ["metadata": ["name": .string(name)], "value": .integer(Int64(value))])
        }
        for name in ["kube-public", "kube-node-lease"] {
            _ = await test.send("POST", "/api/v1/namespaces", ["metadata": ["name": .string(name)]])
        }
        return test
    }

    /// - Parameter share: The least that is to be equal; raised with every improvement.
    func check(_ topic: String, _ outcome: Replay.Outcome, share: Double) {
        print(outcome.summary(topic))
        Recorded.report("\(topic).txt", [outcome.summary(topic)] + outcome.report)
        #expect(!Self.hasRules || outcome.share >= share, "\(outcome.summary(topic))")
    }

    @Test func `errors are worded as upstream words them`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("errors.jsonl"))
        check("errors", replay.outcome, share: 0.87)
    }

    @Test func `patches give what upstream gives`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("patches.jsonl"))
        check("patches", replay.outcome, share: 0.85)
    }

    @Test func `defaults are filled in as upstream does`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("defaults.jsonl"))
        check("defaults", replay.outcome, share: 0.82)
    }

    @Test func `tables have upstream's cells`() async throws {
        var replay = Replay(try await server())
        replay.shape = { got, want in TableShape(got).matching(want) }
        await replay.run(try Recorded.lines("tables.jsonl"))
        check("tables", replay.outcome, share: 0.9)
    }

    @Test func `old revisions are gone as upstream says it`() async throws {
        let test = try await server()
        var replay = Replay(test)
        let lines = try Recorded.lines("expired.jsonl")
        await replay.run(Array(lines.prefix { $0["setup"] == true }))
        for index in 0..<600 { try await test.create("/api/v1/namespaces/default/configmaps", configMap("m\(index)")) }
        try await test.storage.compact(before: test.storage.currentRevision)
        replay.shape = { got, want in
            guard want["items"]?.integerValue != nil, let items = got["items"]?.arrayValue else { return got }
            var got = got
            got["items"] = .integer(Int64(items.count))
            return got
        }
        for line in lines.drop(while: { $0["setup"] == true }) {
            if line["request"]?["path"]?.stringValue?.contains("watch=1") == true {
                await replay.runShortWatch(line)
            } else {
                await replay.run(line)
            }
        }
        check("expired", replay.outcome, share: 1)
    }

    @Test func `watches see the events that upstream's see`() async throws {
        var replay = Replay(try await server())
        for line in try Recorded.lines("watch.jsonl") { await replay.runWatch(line) }
        check("watch", replay.outcome, share: 0.8)
    }
}
