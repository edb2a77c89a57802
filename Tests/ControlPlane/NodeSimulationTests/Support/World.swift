import APIMachinery
import APIServer
import CRI
import Controllers
import KubernetesAPI
import KubernetesClient
import NodeSimulation
import Scheduler
import Storage
import Synchronization

/// A whole cluster in one simulation: API server, store in memory, scheduler, controllers and simulated nodes, on one thread under one clock.
///
/// What a seed decides: names, UIDs, the scheduler's and the nodes' choices, faults, and the order of everything that is ready. What it does
/// not decide: the order in which a Set or Dictionary is walked, unless SWIFT_DETERMINISTIC_HASHING is set, and the jitter of retries.
final class World: Sendable {
    static let namespace = "ns"
    private static let groups = ["system:masters", "system:authenticated"]

    let simulation: Simulation
    let time: SimulatedTime
    let seed: UInt64
    let transport: FaultyTransport
    let invariants = Invariants()
    /// The administrator, whom no fault meets.
    let admin: Client
    private let server: APIServer
    private let observation: StorageObservation
    private let parts = Mutex<[Part: Task<Void, Never>]>([:])

    enum Part: CaseIterable { case controllers, scheduler, nodes }

    static let controllers: [any Controller.Type] = ControllerManager.all.filter {
        ![
            "certificates-controller", "token-cleaner", "serviceaccount-token-controller", "horizontal-pod-autoscaler",
        ].contains($0.name)
    }

    /// Runs a body in a world of its own.
    ///
    /// - Parameter limit: Of simulated time.
    static func run<Result: Sendable>(
        seed: UInt64, limit: Duration = .seconds(24 * 3600), _ body: @escaping @Sendable (World) async throws -> Result
    ) async throws -> Result {
        try await Simulation.run(limit: limit) { simulation in
            let world = try await World(simulation, seed: seed)
            do {
                let result = try await body(world)
                await world.end()
                return result
            } catch {
                await world.end()
                throw error
            }
        }
    }

    private init(_ simulation: Simulation, seed: UInt64) async throws {
        self.simulation = simulation
        self.seed = seed
        let time = SimulatedTime(clock: simulation.clock)
        self.time = time
        let storage = MemoryStorage(clock: time, executor: simulation.taskExecutor)
        observation = storage.observe { [invariants] events in invariants.see(events, at: time.now) }
        var configuration = APIServer.Configuration(admission: DefaultAdmission.plugins, clock: ServerClock(clock: simulation.clock))
        configuration.now = { time.wallTime }
        configuration.executor = simulation.taskExecutor
        configuration.identifiers = Self.identifiers(seed)
        let server = try await APIServer(storage: storage, configuration: configuration)
        self.server = server
        let handle: @Sendable (APIRequest) async -> APIResponse = { await server.handle($0, from: .system) }
        transport = FaultyTransport(seed: seed &+ 1, time: time, handle)
        admin = Client(transport: DirectTransport(handle), userAgent: "admin", time: time)
        for name in ["default", "kube-system", "kube-node-lease", Self.namespace] {
            _ = try await admin.resource(Namespace.self).create(Namespace { $0.metadata.name = name })
            _ = try await admin.resource(ServiceAccount.self, namespace: name).create(ServiceAccount { $0.metadata.name = "default" })
        }
    }

    private static func identifiers(_ seed: UInt64) -> Identifiers {
        let state = Mutex((random: SeededRandom(seed: seed &+ 2), count: 0))
        return Identifiers(
            uid: {
                state.withLock { state in
                    state.count += 1
                    return "00000000-0000-4000-8000-\(String(1_000_000_000_000 + state.count).dropFirst())"
                }
            }, nameSuffix: { state.withLock { Identifiers.nameSuffix(&$0.random) } })
    }

    // MARK: Processes

    func start(_ some: [Part] = Part.allCases, nodes: Int = 4) {
        for part in some {
            let task = Task(executorPreference: simulation.taskExecutor) { await self.run(part, nodes: nodes) }
            parts.withLock { $0[part] = task }
        }
    }

    /// Ends a part as the end of its process would: nothing it holds in memory is kept.
    func stop(_ part: Part) async {
        let task = parts.withLock { $0.removeValue(forKey: part) }
        task?.cancel()
        await task?.value
    }

    func restart(_ part: Part, nodes: Int = 4) async {
        await stop(part)
        start([part], nodes: nodes)
    }

    private func end() async {
        for part in Part.allCases { await stop(part) }
        server.close()
        observation.cancel()
    }

    private func run(_ part: Part, nodes: Int) async {
        let informers = SharedInformers(transport.client("\(part)"), time: time)
        let events = EventRecorder(transport.client("\(part)"), component: "\(part)", time: time)
        let run: @Sendable () async -> Void
        switch part {
        case .controllers:
            var settings = ControllerSettings()
            settings.executor = simulation.taskExecutor
            let manager = ControllerManager(
                Self.controllers, informers: informers, time: time, settings: settings, report: { _ in }
            ) { [transport] user, _ in transport.client(user) }
            run = { await manager.run() }
        case .scheduler:
            let scheduler = Scheduler(
                client: transport.client("system:kube-scheduler"), informers: informers, events: events,
                configuration: SchedulerConfiguration(seed: seed &+ 3), time: time)
            run = { await scheduler.run() }
        case .nodes:
            let simulated = SimulatedNodes(
                .init(count: nodes, seed: seed &+ 4), informers: informers, time: time, report: { _ in },
                client: { [transport] in transport.client("system:node:\($0)") })
            run = { await simulated.run() }
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await informers.run() }
            group.addTask { await events.run() }
            await run()
            group.cancelAll()
        }
    }

    // MARK: What tests ask

    func resource<Object: KubernetesObject>(_ type: Object.Type) -> ResourceClient<Object> {
        admin.resource(type, namespace: Self.namespace)
    }

    func list<Object: KubernetesObject>(_ type: Object.Type) async throws -> [Object] {
        try await resource(type).list().items.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }
    }

    func pass(_ duration: Duration) async { try? await time.sleep(for: duration) }

    /// Lets simulated time pass until something is so.
    func settles(within limit: Duration = .seconds(900), _ condition: () async throws -> Bool) async throws -> Bool {
        let end = time.now + limit
        while time.now < end {
            if try await condition() { return true }
            await pass(.milliseconds(500))
        }
        return try await condition()
    }
}
