import APIMachinery
import APIServer
import CRI
import KubernetesAPI
import KubernetesClient
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Kubelet

/// A real API server in memory with the rules for nodes, and a node agent of the node `node1` on a scripted runtime. Time is the machine's.
final class ObjectCluster: Sendable {
    static let node = "node1"
    let server: APIServer
    let kubelet: Kubelet
    let runtime: SimulatedRuntime
    let paths: PodPaths
    /// The directory of the node's files, and of what tests put beside them.
    let directory: TemporaryDirectory
    let recorder = SimulatedNode.Recorder()
    let requests: RequestLog
    private let clock = SimulatedClock()

    /// Requests of the node's agent: `GET /api/v1/…`.
    final class RequestLog: Sendable {
        private let lines = Mutex<[(String, [UInt8])]>([])
        private let away = Mutex(false)
        func add(_ request: APIRequest) {
            lines.withLock { $0.append(("\(request.method) \(request.path)", request.body)) }
        }
        func bodies(of line: String) -> [JSONValue] {
            lines.withLock { $0 }.filter { $0.0 == line }.compactMap { try? JSONValue(parsing: $0.1) }
        }
        var isAway: Bool {
            get { away.withLock { $0 } }
            set { away.withLock { $0 = newValue } }
        }
    }

    /// - Parameter images: Beside the fixture.
    static func run(images: Set<String> = [], _ body: @escaping @Sendable (ObjectCluster) async throws -> Void) async throws {
        let cluster = try await ObjectCluster(images)
        let events = cluster.kubelet.events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in events { cluster.recorder.add(event, .zero) } }
            group.addTask { try await cluster.kubelet.run() }
            group.addTask { await cluster.moveRuntime() }
            try await body(cluster)
            group.cancelAll()
        }
        cluster.server.close()
    }

    /// What the scripted runtime has planned happens at once.
    private func moveRuntime() async {
        while !Task.isCancelled {
            if !clock.advanceToNext() { try? await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private init(_ references: Set<String>) async throws {
        let storage = MemoryStorage()
        var configuration = APIServer.Configuration()
        let rbac = try await RBACAuthorizer(storage: storage)
        let authorizer = AuthorizerChain([MastersAuthorizer(), try await NodeAuthorizer(storage: storage)])
        configuration.authorizer = authorizer
        configuration.virtualResources = ReviewService(
            authorizer: authorizer, rbac: rbac, tokens: ScriptedTokens(), issuer: ScriptedTokens(), storage: storage)
        let server = try await APIServer(storage: storage, configuration: configuration)
        self.server = server
        let log = RequestLog()
        requests = log
        let caller = Caller(user: UserInfo(name: "system:node:\(Self.node)", groups: ["system:nodes", "system:authenticated"]))
        let transport = DirectTransport { request in
            log.add(request)
            if log.isAway {
                let status = Status(code: 503, reason: .serviceUnavailable, message: "the server is away")
                return APIResponse(status: 503, headers: [:], body: .bytes(status.json.serialized()))
            }
            return await server.handle(request, from: caller)
        }
        directory = try TemporaryDirectory()
        var kubeletConfiguration = KubeletConfiguration()
        kubeletConfiguration.nodeName = Self.node
        kubeletConfiguration.clusterDNS = ["10.96.0.10"]
        kubeletConfiguration.rootDirectory = directory.path + "/root"
        kubeletConfiguration.podLogsDirectory = directory.path + "/logs"
        paths = PodPaths(kubeletConfiguration)
        runtime = SimulatedRuntime(
            clock: clock, containers: { _, _ in ContainerScript(stop: .exits(after: .zero, code: 0)) },
            sandboxes: { _ in SandboxScript() })
        let present = references.map { reference in
            var image = Image(id: "sha256:\(reference)", size: 1)
            (image.repoTags, image.uid) = ([reference], 0)
            return image
        }
        let images = SimulatedImages(
            clock: clock, present: [SimulationSetup.fixtureImage] + present, pullDuration: .zero, pullFailure: { _ in nil })
        kubelet = Kubelet(
            configuration: kubeletConfiguration, runtime: runtime, images: images,
            api: Client(transport: transport, userAgent: "kubelet"))
        for namespace in ["default", "ns"] {
            try await create("namespaces", ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
            try await create(
                "namespaces/\(namespace)/serviceaccounts", ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"]])
        }
        try await create(
            "nodes",
            [
                "apiVersion": "v1", "kind": "Node",
                "metadata": ["name": .string(Self.node), "labels": ["kubernetes.io/hostname": .string(Self.node)]],
            ])
    }

    /// What the administrator asks for: `send("PUT", "namespaces/default/configmaps/c", …)`.
    @discardableResult
    func send(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        var request = APIRequest(method: method, path: "/api/v1/\(path)")
        request.headers["Content-Type"] = method == "PATCH" ? "application/merge-patch+json" : "application/json"
        if let body { request.body = body.serialized() }
        let response = await server.handle(request, from: Caller(user: UserInfo(name: "admin", groups: ["system:masters"])))
        var bytes: [UInt8] = []
        switch response.body {
        case .bytes(let all): bytes = all
        case .parts(let parts): bytes = Array(parts.joined())
        case .stream, .upgrade: break
        }
        guard response.status < 300 else { throw TestFailure("\(method) \(path): \(String(decoding: bytes, as: UTF8.self))") }
        return try JSONValue(parsing: bytes)
    }

    @discardableResult
    func create(_ path: String, _ body: JSONValue) async throws -> JSONValue { try await send("POST", path, body) }

    func createConfigMap(_ name: String, _ data: JSONValue, immutable: Bool = false) async throws {
        var map: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data]
        if immutable { map["immutable"] = true }
        try await create("namespaces/default/configmaps", map)
    }

    /// Makes a pod of one container on the node, which the agent then hears of.
    ///
    /// - Parameter spec: What differs from the least.
    @discardableResult
    func start(_ name: String, _ spec: JSONValue, token: Bool = false) async throws -> Pod {
        var whole: JSONValue = [
            "nodeName": .string(Self.node), "automountServiceAccountToken": .bool(token), "terminationGracePeriodSeconds": 2,
            "containers": [["name": "c", "image": "fixture:1", "imagePullPolicy": "IfNotPresent"]],
        ]
        for member in spec.objectValue?.members ?? [] { whole[member.key] = member.value }
        let made = try await create(
            "namespaces/default/pods", ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)], "spec": whole])
        return try #require(Pod.decode(made, options: .lenient).object)
    }

    func status(_ pod: Pod) -> PodStatus { kubelet.podStatuses[pod.uid] ?? PodStatus() }

    func waitUntilRunning(_ pod: Pod) async throws {
        let isRunning = try await eventually { status(pod).phase == "Running" }
        #expect(isRunning, "\(pod.name): \(recorder.texts)")
    }

    func waitForEvent(_ text: String) async throws {
        let isThere = try await eventually { recorder.texts.contains(text) }
        #expect(isThere, "no event \(text): \(recorder.texts)")
    }

    /// Variables of the pod's newest container: `A=1`.
    func environment(of pod: Pod) async throws -> [String] {
        let all = try await runtime.listContainers(ContainerFilter()).filter { $0.labels[RuntimeLabels.podUID] == pod.uid }
        return all.last.flatMap { runtime.containerConfig($0.id) }?.envs.map { "\($0.name)=\($0.value)" } ?? []
    }

    func mounts(of pod: Pod) async throws -> [Mount] {
        let all = try await runtime.listContainers(ContainerFilter()).filter { $0.labels[RuntimeLabels.podUID] == pod.uid }
        return all.last.flatMap { runtime.containerConfig($0.id) }?.mounts ?? []
    }
}

/// Issues tokens that name themselves and their audiences.
private struct ScriptedTokens: TokenIssuer, TokenAuthenticator {
    var issuer: String { "https://issuer" }
    func issue(_ claims: ServiceAccountClaims) async throws(TokenError) -> String {
        "\(claims.serviceAccount.name)/\(claims.pod?.name ?? "-")/\(claims.audiences.joined(separator: "+"))"
    }
    func authenticate(token: String, audiences: [String]) async throws(TokenError) -> AuthenticatedToken? { nil }
}

/// A file of a projected volume as a container reads it.
func projected(_ volume: String, _ file: String) throws -> String? {
    guard let data = PodFiles.target(ofLink: "\(volume)/..data") else { return nil }
    return try PodFiles.read("\(volume)/\(data)/\(file)", maxBytes: 100_000).map { String(decoding: $0, as: UTF8.self) }
}
