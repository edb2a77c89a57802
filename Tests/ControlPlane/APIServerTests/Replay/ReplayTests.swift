import APIMachinery
import APIServer
import KubernetesAPI
import Storage
import Testing

/// Compares the answers with those recorded from the real server, where they are. `SWIFTLET_RECORDED` names their directory.
@Suite(.enabled(if: Recorded.directory != nil, "SWIFTLET_RECORDED names no directory of recorded answers"))
struct ReplayTests {
    func server() async throws -> TestServer {
        // Kinds that are refused because they would not be obeyed are compared all the same.
        let plugins = DefaultAdmission.plugins.filter { !($0 is UnsupportedAdmission) }
        // One point in time: whose entry in managedFields is the older one does not depend on how fast this machine is.
        let start = Timestamp.now().truncatedToSeconds
        let storage = MemoryStorage()
        let reviews = try await ReplayReviews.service(storage)
        let test = try await TestServer(usesPlainRules: false, admission: plugins, storage: storage) { configuration in
            configuration.now = { start }
            configuration.virtualResources = reviews
        }
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

    /// Nothing differs but what is to differ, and all that is to differ does.
    func check(_ topic: String, _ outcome: Replay.Outcome) {
        print(outcome.summary(topic))
        Recorded.report("\(topic).txt", [outcome.summary(topic)] + outcome.report)
        let deliberate = Deliberate.names(of: topic)
        let unexplained = outcome.differing.subtracting(deliberate).sorted()
        #expect(unexplained.isEmpty, "\(topic): differences without a reason: \(unexplained)")
        let outdated = deliberate.subtracting(outcome.differing).sorted()
        #expect(outdated.isEmpty, "\(topic): listed as different and equal by now: \(outdated)")
    }

    @Test func `errors are worded as upstream words them`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("errors.jsonl"))
        check("errors", replay.outcome)
    }

    @Test func `patches give what upstream gives`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("patches.jsonl"))
        check("patches", replay.outcome)
    }

    @Test func `defaults are filled in as upstream does`() async throws {
        var replay = Replay(try await server())
        await replay.run(try Recorded.lines("defaults.jsonl"))
        check("defaults", replay.outcome)
    }

    @Test func `tables have upstream's cells`() async throws {
        var replay = Replay(try await server())
        replay.shape = { got, want in TableShape(got).matching(want) }
        await replay.run(try Recorded.lines("tables.jsonl"))
        check("tables", replay.outcome)
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
        check("expired", replay.outcome)
    }

    @Test func `watches see the events that upstream's see`() async throws {
        var replay = Replay(try await server())
        for line in try Recorded.lines("watch.jsonl") { await replay.runWatch(line) }
        check("watch", replay.outcome)
    }
}
