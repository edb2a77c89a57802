package import APIMachinery
package import CRI
package import HTTPServer
package import KubernetesAPI
package import KubernetesClient

/// The node agent's HTTPS API: logs, streams, statistics. Whoever asks is known by the API server, and allowed by it.
package final class KubeletServer: Sendable {
    package struct Configuration: Sendable {
        /// Where to listen; port 0 for any free one.
        package var address = "0.0.0.0"
        package var port = 10250
        /// What `/logs/` shows.
        package var logsDirectory = "/var/log"
        /// What `/configz` shows: a KubeletConfiguration.
        package var configz: @Sendable () -> JSONValue = { [:] }
        /// What a pod's probes have found, for `/probes/NS/POD`; nil when nobody knows of any.
        package var probes: @Sendable (Pod) -> JSONValue? = { _ in nil }
        /// Text of `/metrics/probes`.
        package var probeMetrics: @Sendable () -> String = { "" }
        /// More text for `/metrics`.
        package var metrics: [@Sendable () -> String] = []

        package init() {}
    }

    private let http: HTTPServer

    /// The one that was chosen.
    package var port: Int { http.endpoints[0].port }

    private init(_ http: HTTPServer) { self.http = http }

    /// Listens and serves.
    ///
    /// - Parameters:
    ///   - client: As the node: asks for reviews of tokens and of access.
    ///   - identity: The serving certificate, and the authority of client certificates.
    /// - Throws: `HTTPServerError` when the address cannot be bound or the identity is not usable.
    package static func start(
        _ configuration: Configuration, kubelet: Kubelet, runtime: any RuntimeService, client: Client, identity: TLSIdentity
    ) async throws -> KubeletServer {
        let access = KubeletAccess(nodeName: kubelet.node.configuration.nodeName, client: client, clock: kubelet.node.clock)
        let service = KubeletService(configuration: configuration, node: kubelet.node, runtime: runtime, stats: StatsProvider(kubelet.node))
        var http = HTTPServerConfiguration(endpoints: [.init(host: configuration.address, port: configuration.port)], tls: identity)
        // A log goes as fast as its reader takes it.
        http.timeouts.stalledWrite = .seconds(4 * 3600)
        return KubeletServer(
            try await HTTPServer.start(http) { request, peer in
                do throws(KubeletRefusal) {
                    try await access.check(request, from: peer)
                    return try await service.answer(request)
                } catch {
                    return error.response
                }
            })
    }

    /// Shows another certificate from now on, as after a renewal.
    package func replace(_ identity: TLSIdentity) throws { try http.replace(identity) }

    /// Ends what is under way; containers and commands go on.
    package func stop() async { await http.shutdown() }
}
