internal import ControlPlane
internal import KubernetesClient

/// Has a node's own certificate renewed when four fifths of its time have passed, and shows the new one from then on.
struct ClientCertificateRenewal: Sendable {
    private static let retryPeriod = Duration.seconds(60)
    let join: ClusterJoin
    let access: KubeconfigFile.Access

    func keepUntilCancelled() async {
        await run()
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    private func run() async {
        var address = access.address
        while !Task.isCancelled {
            let certificate = address.clientCertificate.map { String(decoding: $0.chain, as: UTF8.self) } ?? ""
            guard (try? await Task.sleep(for: NodeServingCertificate.timeUntilRenewal(certificate) ?? .zero)) != nil else { return }
            do {
                address = try await renewed(address)
                try access.transport.replace(address)
            } catch {
                Output.warn("swiftlet: renew the certificate of this node: \(error)")
                guard (try? await Task.sleep(for: Self.retryPeriod)) != nil else { return }
            }
        }
    }

    private func renewed(_ address: ServerAddress) async throws -> ServerAddress {
        let request = try NodeCredentials.ClientRequest(nodeName: join.nodeName)
        guard let certificate = try await CertificateOrder.client.fill(request.request, by: access.client) else {
            throw Refusal("the request was denied or not answered")
        }
        try join.credentials.writeKubeconfig(
            server: join.server, authority: String(decoding: address.certificateAuthority, as: UTF8.self), nodeName: join.nodeName, request,
            certificate: certificate)
        return try KubeconfigFile.access(path: join.credentials.kubeconfigPath, userAgent: "").address
    }
}
