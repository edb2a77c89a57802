internal import APIMachinery
internal import HTTPServer
internal import KubernetesClient
import Synchronization

/// A small HTTP server for each service that load balancers ask about, on its healthCheckNodePort.
final class HealthCheckServers: Sendable {
    private struct State {
        var wanted: [ObjectKey: ServiceHealth] = [:]
        var isProxyHealthy = true
    }
    private let host: String
    private let time: any TimeSource
    private let failed: @Sendable (ServiceHealth, any Error) -> Void
    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - host: The address that is listened on.
    ///   - failed: Told once of each port that cannot be listened on; it is tried again.
    init(host: String = "0.0.0.0", time: any TimeSource, failed: @escaping @Sendable (ServiceHealth, any Error) -> Void) {
        (self.host, self.time, self.failed) = (host, time, failed)
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// - Parameter changes: nil: nobody asks about this service any more.
    func change(_ changes: [ObjectKey: ServiceHealth?]) {
        let isOther = state.withLock { state in
            var isOther = false
            for (key, health) in changes {
                isOther = isOther || state.wanted[key]?.port != health?.port
                state.wanted[key] = health
            }
            return isOther
        }
        // What is only counted otherwise is read when somebody asks.
        if isOther { changed.yield() }
    }

    func replace(_ wanted: [ObjectKey: ServiceHealth]) {
        let gone = state.withLock { Set($0.wanted.keys).subtracting(wanted.keys) }
        change(wanted.mapValues(Optional.some).merging(gone.map { ($0, nil) }) { first, _ in first })
    }

    /// Whether the kernel has the rules.
    func setHealthy(_ isHealthy: Bool) { state.withLock { $0.isProxyHealthy = isHealthy } }

    /// Listens until the task is cancelled.
    func run() async {
        var servers: [ObjectKey: (port: UInt16, server: HTTPServer)] = [:]
        var told: Set<ServiceHealth> = []
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                // A port that somebody had may have become free.
                while (try? await time.sleep(for: .seconds(30))) != nil { changed.yield() }
            }
            for await _ in changes {
                let wanted = state.withLock { $0.wanted }
                for (key, running) in servers where wanted[key]?.port != running.port {
                    servers[key] = nil
                    await running.server.shutdown()
                }
                for (key, health) in wanted.sorted(by: { $0.key < $1.key }) where servers[key] == nil {
                    do {
                        servers[key] = (health.port, try await listen(key, port: health.port))
                    } catch {
                        var place = health
                        place.localEndpoints = 0
                        if told.insert(place).inserted { failed(health, error) }
                    }
                }
            }
            group.cancelAll()
        }
        for running in servers.values { await running.server.shutdown() }
    }

    private func listen(_ key: ObjectKey, port: UInt16) async throws -> HTTPServer {
        var configuration = HTTPServerConfiguration(endpoints: [.init(host: host, port: Int(port))])
        configuration.threadCount = 1
        configuration.timeouts.shutdown = .seconds(1)
        return try await HTTPServer.start(configuration) { [self] _, _ in answer(key) }
    }

    private func answer(_ key: ObjectKey) -> APIResponse {
        let (health, isHealthy) = state.withLock { ($0.wanted[key], $0.isProxyHealthy) }
        return health?.response(isProxyHealthy: isHealthy) ?? APIResponse(status: 404)
    }
}
