import APIMachinery
import KubernetesAPI
import Synchronization
import TestSupport
import Testing

@testable import KubernetesClient

struct InformerTests {
    /// Runs an informer over a scripted server; ends it with the body.
    private func withInformer(
        _ server: ScriptedServer, time: ManualTime = ManualTime(),
        _ body: (Informer<ConfigMap>, @escaping @Sendable () -> [String]) async throws -> Void
    ) async throws {
        let log = Mutex<[String]>([])
        let informer = Informer(
            server.client.resource(ConfigMap.self, namespace: "default"), indexes: ["colour": { [$0.data["colour"] ?? "none"] }], time: time
        )
        informer.addHandler { event in
            log.withLock { log in
                switch event {
                case .added(let map): log.append("added \(map.metadata.name ?? "")")
                case .updated(_, let map): log.append("updated \(map.metadata.name ?? "")")
                case .deleted(let map): log.append("deleted \(map.metadata.name ?? "")")
                }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informer.run() }
            await informer.waitForSync()
            try await body(informer) { log.withLock { $0 } }
            group.cancelAll()
        }
    }

    private func until(_ condition: () -> Bool) async {
        _ = try? await eventually(within: .seconds(50)) { condition() }
    }

    @Test(.timeLimit(.minutes(1))) func `follows changes in order, and its index with them`() async throws {
        let server = ScriptedServer()
        server.put("a", ["colour": "red"])
        try await withInformer(server) { informer, log in
            await until { server.watchCount == 1 }
            server.put("b", ["colour": "red"])
            server.put("a", ["colour": "blue"])
            server.remove("b")
            await until { log().count == 4 }
            #expect(log() == ["added a", "added b", "updated a", "deleted b"])
            #expect(informer.objects(index: "colour", value: "red").isEmpty)
            #expect(informer.objects(index: "colour", value: "blue").map(\.metadata.name) == ["a"])
            #expect(informer[ObjectKey(namespace: "default", name: "b")] == nil)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a watch that ends goes on from the last revision without a list`() async throws {
        let server = ScriptedServer()
        try await withInformer(server) { _, log in
            await until { server.watchCount == 1 }
            server.put("a")
            await until { log().count == 1 }
            server.endWatches()
            await until { server.watchCount == 1 }
            #expect(server.requests.last?.parameter("resourceVersion") == "2")
            #expect(server.requests.count { $0.parameter("watch") == nil } == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `after 410 it lists again and tells the difference`() async throws {
        let server = ScriptedServer()
        let time = ManualTime()
        server.put("gone")
        server.put("same")
        try await withInformer(server, time: time) { _, log in
            await until { server.watchCount == 1 }
            server.remove("gone", tell: false)
            server.put("new", tell: false)
            server.endWatches(Status(code: 410, reason: .expired, message: "too old resource version"))
            await time.waitForSleepers(1)
            time.advance(by: .seconds(2))
            await until { log().count == 4 }
            #expect(log() == ["added gone", "added same", "added new", "deleted gone"])
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a server that fails is asked again later, when it says`() async throws {
        let server = ScriptedServer()
        let time = ManualTime()
        var details = Status.Details()
        details.retryAfterSeconds = 7
        server.fail(with: Status(code: 429, reason: .tooManyRequests, message: "wait", details: details))
        async let done: Void = withInformer(server, time: time) { informer, _ in #expect(informer.isSynced) }
        await time.waitForSleepers(1)
        time.advance(by: .seconds(6))
        #expect(server.requests.count == 1)
        time.advance(by: .seconds(1))
        try await done
    }

    @Test(.timeLimit(.minutes(1))) func `a late handler is told what is there first`() async throws {
        let server = ScriptedServer()
        server.put("a")
        try await withInformer(server) { informer, _ in
            let seen = Mutex<[String]>([])
            informer.addHandler { event in
                if case .added(let map) = event { seen.withLock { $0.append(map.metadata.name ?? "") } }
            }
            #expect(seen.withLock { $0 } == ["a"])
        }
    }
    @Test(.timeLimit(.minutes(1))) func `who stops waiting for the first list leaves the others waiting`() async throws {
        let server = ScriptedServer()
        let informer = Informer(server.client.resource(ConfigMap.self, namespace: "default"))
        let stopped = Task { await informer.waitForSync() }
        let patient = Task {
            await informer.waitForSync()
            return informer.isSynced
        }
        #expect(try await eventually { informer.waiterCount == 2 })
        stopped.cancel()
        await stopped.value
        #expect(try await eventually { informer.waiterCount == 1 })
        let run = Task { await informer.run() }
        #expect(await patient.value)
        run.cancel()
        await run.value
    }

    @Test(.timeLimit(.minutes(1))) func `a server that ends watches at once is not asked in a circle`() async throws {
        let server = ScriptedServer()
        let time = ManualTime()
        try await withInformer(server, time: time) { _, _ in
            for count in 1...3 {
                await until { server.watchCount == 1 }
                #expect(server.requests.count == 1 + count)
                server.endWatches()
                await time.waitForSleepers(1)
                time.advance(by: .seconds(20))
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a server that was set back is listed again`() async throws {
        let server = ScriptedServer()
        let time = ManualTime()
        server.put("a")
        var details = Status.Details()
        details.causes = [.init(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")]
        try await withInformer(server, time: time) { [details] _, log in
            await until { server.watchCount == 1 }
            server.remove("a", tell: false)
            server.endWatches(
                Status(code: 504, reason: .timeout, message: "Timeout: Too large resource version: 9, current: 3", details: details))
            await time.waitForSleepers(1)
            time.advance(by: .seconds(2))
            await until { log().count == 2 }
            #expect(log() == ["added a", "deleted a"])
        }
    }
}
