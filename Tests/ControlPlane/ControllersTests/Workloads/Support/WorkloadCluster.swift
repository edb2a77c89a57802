import HTTPClient
import APIMachinery
import APIServer
import Controllers
import KubernetesAPI
import KubernetesClient
import Storage
import TestSupport

/// An API server in memory with controllers that work on it, and nobody else.
final class WorkloadCluster: Sendable {
    let server: APIServer
    let time: VirtualTime
    let recorder: RecordingTransport
    /// The test's own.
    let client: Client
    static let namespace = "ns"

    init(time: VirtualTime = VirtualTime(), admission: [any AdmissionPlugin] = DefaultAdmission.plugins) async throws {
        var configuration = APIServer.Configuration(admission: admission)
        configuration.now = { time.wallTime }
        let server = try await APIServer(storage: MemoryStorage(), configuration: configuration)
        self.server = server
        self.time = time
        let direct = DirectTransport { await server.handle($0, from: .system) }
        client = Client(transport: direct, userAgent: "tests")
        recorder = RecordingTransport { (request, _) async throws(TransportError) -> TransportResponse in try await direct.send(request) }
        for name in ["default", "kube-system", Self.namespace] {
            _ = try await client.resource(Namespace.self).create(Namespace { $0.metadata.name = name })
            _ = try await client.resource(ServiceAccount.self, namespace: name).create(ServiceAccount { $0.metadata.name = "default" })
        }
    }

    /// Runs controllers as long as the body runs.
    func run(
        _ types: [any Controller.Type] = WorkloadControllers.all, report: @escaping @Sendable (String) -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        let tasks = start(types, report: report)
        do { try await body() } catch {
            await stop(tasks)
            throw error
        }
        await stop(tasks)
    }

    func start(_ types: [any Controller.Type] = WorkloadControllers.all, report: @escaping @Sendable (String) -> Void) -> [Task<
        Void, Never
    >] {
        let informers = SharedInformers(client)
        let manager = ControllerManager(types, informers: informers, time: time, report: report) { user, _ in recorder.client(user: user) }
        return [Task { await informers.run() }, Task { await manager.run() }]
    }

    func stop(_ tasks: [Task<Void, Never>]) async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    func resource<Object: KubernetesObject>(_ type: Object.Type) -> ResourceClient<Object> {
        client.resource(type, namespace: Self.namespace)
    }

    func list<Object: KubernetesObject>(_ type: Object.Type) async throws -> [Object] {
        try await resource(type).list().items.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
    }

    /// Waits until something is so, and lets time pass in small steps when nothing happens by itself.
    ///
    /// - Parameter patience: How much virtual time may pass.
    func settle(patience: Duration = .seconds(5), seconds: Int = 10, _ condition: () async throws -> Bool) async throws -> Bool {
        let end = time.now + patience
        for round in 0..<(seconds * 20) {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(round < 4 ? 5 : 50))
            if round >= 4, time.now < end { time.advance(by: .milliseconds(250)) }
        }
        return try await condition()
    }
}
