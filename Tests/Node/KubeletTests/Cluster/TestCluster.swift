import APIMachinery
import APIServer
import CRI
import HTTPClient
import KubernetesAPI
import KubernetesClient
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Kubelet

/// A real API server in memory, and a node agent with a scripted runtime that is its client. Time is the machine's, perhaps faster.
final class TestCluster: Sendable {
    static let nodeName = "node1"
    let clock: SimulatedClock
    let server: APIServer
    /// Everything is allowed to it.
    let admin: Client
    let link = NodeLink()
    let runtime: SimulatedRuntime
    let images: SimulatedImages
    private let directory: TemporaryDirectory
    private let configure: @Sendable (inout KubeletConfiguration) -> Void

    private init(_ setup: SimulationSetup) async throws {
        let clock = SimulatedClock()
        let server = try await APIServer(
            storage: MemoryStorage(),
            configuration: .init(
                admission: [NamespaceLifecycle(), NodeRestriction(), TaintNodesByCondition()], now: { clock.wallTime }))
        self.clock = clock
        self.server = server
        runtime = SimulatedRuntime(clock: clock, containers: setup.containers, sandboxes: setup.sandboxes)
        images = SimulatedImages(
            clock: clock, present: setup.images, pullDuration: setup.pullDuration, pullFailure: setup.pullFailure)
        directory = try TemporaryDirectory()
        configure = setup.configure
        let admin = Client(transport: DirectTransport { await server.handle($0, from: .system) }, userAgent: "test")
        self.admin = admin
        for name in ["default", "ns", "kube-node-lease"] {
            _ = try await admin.resource(Namespace.self).create(Namespace { $0.metadata.name = name })
        }
    }

    /// Runs `body` while the time passes.
    ///
    /// - Parameter speed: Seconds of the cluster for a second of the machine.
    static func run(
        _ setup: SimulationSetup = SimulationSetup(), speed: Double = 1, _ body: @escaping @Sendable (TestCluster) async throws -> Void
    ) async throws {
        let cluster = try await TestCluster(setup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cluster.passTime(speed) }
            defer { group.cancelAll() }
            try await body(cluster)
        }
        cluster.clock.end()
        cluster.server.close()
    }

    private func passTime(_ speed: Double) async {
        let start = ContinuousClock.now
        while !Task.isCancelled {
            let target = (ContinuousClock.now - start) * speed
            clock.schedule(at: target) {}
            while clock.elapsed < target, clock.advanceToNext() {}
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    /// One life of the node's agent, which ends as by a kill: its pods stay.
    ///
    /// - Parameter awaitsManifests: There are some to come, which do not come.
    func withKubelet(
        staticPods: [Pod]? = nil, awaitsManifests: Bool = false, _ body: @escaping @Sendable (Kubelet) async throws -> Void
    ) async throws {
        var configuration = KubeletConfiguration()
        configuration.nodeName = Self.nodeName
        configuration.hostIPs = ["192.0.2.1"]
        configuration.rootDirectory = directory.path + "/root"
        configuration.podLogsDirectory = directory.path + "/logs"
        configuration.node.milliCPU = 2_000
        configuration.node.memoryBytes = 4 << 30
        configuration.node.ephemeralStorageBytes = 100 << 30
        configuration.node.maxPods = 110
        configuration.node.identity.architecture = "amd64"
        configuration.node.identity.bootID = "boot"
        configure(&configuration)
        configuration.node.reserve(configuration.reservation)
        let (server, link) = (server, link)
        let user = UserInfo(
            name: "system:node:\(Self.nodeName)", groups: ["system:nodes", "system:authenticated"])
        let transport = DirectTransport { await server.handle($0, from: Caller(user: user)) }
        let client = Client(transport: link.over(transport), userAgent: "kubelet", time: clock)
        let kubelet = Kubelet(
            configuration: configuration, runtime: runtime, images: images, clock: clock, api: client,
            expecting: staticPods == nil && !awaitsManifests ? [.api] : [.api, .file])
        if let staticPods { kubelet.setPods(staticPods) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await kubelet.run() }
            defer { group.cancelAll() }
            await kubelet.waitUntilRegistered()
            try await body(kubelet)
        }
    }

    // MARK: Asking

    func pods(_ namespace: String = "ns") -> ResourceClient<Pod> { admin.resource(Pod.self, namespace: namespace) }

    /// nil: there is none.
    func pod(_ name: String) async throws -> Pod? {
        do throws(ClientError) {
            return try await pods().get(name)
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    /// Binds the pod to the node, and makes it.
    @discardableResult
    func create(_ pod: Pod) async throws -> Pod {
        var pod = pod
        pod.metadata.uid = nil
        pod.metadata.generation = nil
        pod.metadata.namespace = "ns"
        pod.spec.nodeName = Self.nodeName
        return try await pods().create(pod)
    }

    func waitFor(_ name: String, _ condition: @escaping @Sendable (Pod) -> Bool) async throws -> Pod {
        let found = try await eventually { try await self.pod(name).map(condition) ?? false }
        let pod = try await pod(name)
        #expect(found, "pod \(name) is \(pod?.json.serializedText() ?? "not there")")
        return try #require(pod)
    }

    func waitUntilGone(_ name: String) async throws { #expect(try await eventually { try await self.pod(name) == nil }) }

    func node() async throws -> Node { try await admin.resource(Node.self).get(Self.nodeName) }

    /// `name type reason message fieldPath` of the kubelet's events of pods.
    func events() async throws -> Set<String> {
        let all = try await admin.resource(Event.self, namespace: "ns").list().items
        return Set(
            all.filter { $0.source.component == "kubelet" }.map { event -> String in
                let fields = [event.involvedObject.name, event.type, event.reason, event.message, event.involvedObject.fieldPath]
                return fields.map { $0 ?? "" }.joined(separator: " ")
            })
    }
}

extension Pod {
    var isRunning: Bool { status.phase == "Running" && status.conditions.contains { $0.type == "Ready" && $0.status == "True" } }
}

/// The way from the node to the API server: notes what is sent, and can be cut.
final class NodeLink: Sendable {
    struct Sent: Sendable, CustomStringConvertible {
        var method: String
        var path: String
        var body: JSONValue
        var description: String { "\(method) \(path)" }
    }
    private struct State {
        var sent: [Sent] = []
        var isCut = false
        var streams: [ByteStream] = []
    }
    private let state = Mutex(State())

    /// Changes of pods, in order.
    var podWrites: [Sent] { state.withLock { $0.sent.filter { $0.method != "GET" && $0.path.contains("/pods/") } } }
    func writes(to path: String) -> [Sent] { state.withLock { $0.sent.filter { $0.method != "GET" && $0.path.hasSuffix(path) } } }

    /// From now on nothing is answered, and watches break off.
    func cut() {
        let streams = state.withLock { state in
            state.isCut = true
            defer { state.streams = [] }
            return state.streams
        }
        for stream in streams { stream.fail(TransportError("the link is cut")) }
    }

    func mend() { state.withLock { $0.isCut = false } }

    func over(_ transport: some Transport) -> some Transport { Wire(link: self, transport: transport) }

    private struct Wire<Inner: Transport>: Transport {
        let link: NodeLink
        let transport: Inner

        func send(_ request: APIRequest) async throws(TransportError) -> TransportResponse {
            guard !link.note(request) else { throw TransportError("the link is cut") }
            let response = try await transport.send(request)
            guard !link.keep(response.body) else { throw TransportError("the link is cut") }
            return response
        }
    }

    private func note(_ request: APIRequest) -> Bool {
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        return state.withLock { state in
            if !state.isCut { state.sent.append(Sent(method: request.method, path: request.path, body: body)) }
            return state.isCut
        }
    }

    private func keep(_ stream: ByteStream) -> Bool {
        state.withLock { state in
            state.streams.append(stream)
            return state.isCut
        }
    }
}
