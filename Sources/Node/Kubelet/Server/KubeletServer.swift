package import APIMachinery
package import CRI
package import HTTPServer
package import KubernetesClient
import Synchronization

/// The node agent's HTTPS API: logs, streams, statistics. Whoever asks is known by the API server, and allowed by it.
package final class KubeletServer: Sendable {
    package struct Configuration: Sendable {
        /// Where to listen; port 0 for any free one.
        package var address = "0.0.0.0"
        package var port = 10250
        /// What `/logs/` shows.
        package var logsDirectory = "/var/log"
        /// More text for `/metrics`.
        package var metrics: [@Sendable () -> String] = []

        package init() {}
    }

    private let http: HTTPServer
    private let configuration: Configuration
    private let desk: FrontDesk

    /// The one that was chosen.
    package var port: Int { http.endpoints[0].port }

    private init(_ http: HTTPServer, _ configuration: Configuration, _ desk: FrontDesk) {
        self.http = http
        self.configuration = configuration
        self.desk = desk
    }

    /// Listens, and answers 503 until `serve` is called: a node agent tells its port when it registers.
    ///
    /// - Parameter identity: The serving certificate, and the authority of client certificates.
    /// - Throws: `HTTPServerError` when the address cannot be bound or the identity is not usable.
    package static func listen(_ configuration: Configuration, identity: TLSIdentity) async throws -> KubeletServer {
        var http = HTTPServerConfiguration(endpoints: [.init(host: configuration.address, port: configuration.port)], tls: identity)
        // A log goes as fast as its reader takes it.
        http.timeouts.stalledWrite = .seconds(4 * 3600)
        http.timeouts.shutdown = .seconds(2)
        let desk = FrontDesk()
        return KubeletServer(try await HTTPServer.start(http) { await desk.answer($0, from: $1) }, configuration, desk)
    }

    /// Begins to answer.
    ///
    /// - Parameter client: As the node: asks for reviews of tokens and of access.
    package func serve(_ kubelet: Kubelet, runtime: any RuntimeService, client: Client) {
        let node = kubelet.node
        desk.open(
            KubeletAccess(nodeName: node.configuration.nodeName, client: client, clock: node.clock),
            KubeletService(configuration: configuration, node: node, runtime: runtime, stats: StatsProvider(node)))
    }

    /// Listens and serves.
    package static func start(
        _ configuration: Configuration, kubelet: Kubelet, runtime: any RuntimeService, client: Client, identity: TLSIdentity
    ) async throws -> KubeletServer {
        let server = try await listen(configuration, identity: identity)
        server.serve(kubelet, runtime: runtime, client: client)
        return server
    }

    /// Answers the API server of this process, which has allowed what it asks for: whoever can call this needs no certificate to prove it.
    package func answer(_ request: APIRequest) async -> APIResponse { await desk.answer(request, from: nil) }

    /// Shows another certificate from now on, as after a renewal.
    package func replace(_ identity: TLSIdentity) throws { try http.replace(identity) }

    /// Ends what is under way; containers and commands go on.
    package func stop() async { await http.shutdown() }
}

/// Lets in whoever may ask, once there is somebody to answer.
private final class FrontDesk: Sendable {
    private let parts = Mutex<(access: KubeletAccess, service: KubeletService)?>(nil)

    func open(_ access: KubeletAccess, _ service: KubeletService) { parts.withLock { $0 = (access, service) } }

    /// - Parameter peer: nil: this process's own API server.
    func answer(_ request: APIRequest, from peer: Peer?) async -> APIResponse {
        do throws(KubeletRefusal) {
            guard let (access, service) = parts.withLock({ $0 }) else { throw KubeletRefusal(503, "the node agent is starting") }
            if let peer { try await access.check(request, from: peer) }
            return try await service.answer(request)
        } catch {
            return error.response
        }
    }
}
