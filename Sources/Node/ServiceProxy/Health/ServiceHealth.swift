internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What load balancers ask a node about a service with the external policy Local: whether it has endpoints here (KEP-27).
struct ServiceHealth: Hashable, Sendable {
    var service: ObjectKey
    /// spec.healthCheckNodePort
    var port: UInt16
    /// Addresses on this node that are ready.
    var localEndpoints: Int

    /// nil: nobody asks about this service.
    init?(_ service: Service, _ slices: [EndpointSlice], nodeName: String) {
        guard service.spec.type == "LoadBalancer", service.spec.externalTrafficPolicy == "Local",
            service.metadata.labels["service.kubernetes.io/service-proxy-name"] == nil,
            let port = service.spec.healthCheckNodePort.flatMap({ UInt16(exactly: $0) }), port > 0
        else { return nil }
        let local = slices.flatMap(\.endpoints).filter { $0.nodeName == nodeName && $0.conditions?.ready ?? true }
        (self.service, self.port) = (ObjectKey(service), port)
        localEndpoints = Set(local.compactMap(\.addresses.first)).count
    }

    /// kube-proxy's answer, to the byte.
    ///
    /// - Parameter isProxyHealthy: Whether the kernel has the rules.
    func response(isProxyHealthy: Bool) -> APIResponse {
        let body = """
            {
            \t"service": {
            \t\t"namespace": "\(service.namespace)",
            \t\t"name": "\(service.name)"
            \t},
            \t"localEndpoints": \(localEndpoints),
            \t"serviceProxyHealthy": \(isProxyHealthy)
            }
            """
        return APIResponse(
            status: localEndpoints > 0 && isProxyHealthy ? 200 : 503,
            headers: [
                "Content-Type": "application/json", "X-Content-Type-Options": "nosniff",
                "X-Load-Balancing-Endpoint-Weight": "\(localEndpoints)",
            ], body: .bytes(Array(body.utf8)))
    }
}
