internal import APIMachinery
internal import ControlPlane
internal import HTTPServer
internal import Kubelet
internal import LinuxSystem

/// The API of a node agent whose control plane is another process: its certificate, self-signed at first, or asked for there.
struct RemoteAgentServer: Sendable {
    let api: KubeletServer
    private let access: KubeconfigFile.Access
    private let nodeName: String
    private let addresses: [String]
    private let clientAuthorities: String
    private let asksForCertificate: Bool
    /// Where a certificate is kept until the next start; nil: nowhere.
    private let credentials: NodeCredentials?
    /// PEM: what is shown since the start; nil: one that vouches for itself.
    private let known: String?

    static func start(
        _ settings: NodeAgent.Settings, _ access: KubeconfigFile.Access, _ credentials: NodeCredentials?
    ) async throws -> RemoteAgentServer {
        let outline = settings.outline
        let file = outline.clientCAFile
        let authorities = file.isEmpty ? access.authority : try Files.read(file)
        let text = String(decoding: authorities, as: UTF8.self)
        let nodeName = settings.place.nodeName
        let known = credentials?.serving(nodeName: nodeName, addresses: outline.hostIPs, clientAuthorities: text)
        let identity =
            try known?.identity
            ?? NodeServingCertificate.selfSigned(nodeName: nodeName, addresses: outline.hostIPs, clientAuthorities: text)
        return RemoteAgentServer(
            api: try await KubeletServer.listen(as: outline, identity: identity), access: access, nodeName: nodeName,
            addresses: outline.hostIPs, clientAuthorities: text, asksForCertificate: outline.serverTLSBootstrap, credentials: credentials,
            known: known?.certificate)
    }

    func keepUntilCancelled() async {
        await keepCertificate()
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    /// Asks for a certificate, and for another one before that ends, until the task is cancelled.
    private func keepCertificate() async {
        guard asksForCertificate else { return }
        var current = known
        while !Task.isCancelled {
            if let current {
                try? await Task.sleep(for: NodeServingCertificate.timeUntilRenewal(current) ?? .zero)
                if Task.isCancelled { return }
            }
            do {
                let request = try NodeServingCertificate.Request(nodeName: nodeName, addresses: addresses)
                let certificate = try await CertificateOrder.serving.fill(request.request, by: access.client) {
                    Output.warn("swiftlet: certificate of this node's API: waiting for approval: kubectl certificate approve \($0)")
                }
                guard let certificate else {
                    Output.warn("swiftlet: certificate of this node's API: the request was not answered or was denied; asking again")
                    try? await Task.sleep(for: .seconds(60))
                    continue
                }
                try api.replace(request.identity(certificate, clientAuthorities: clientAuthorities))
                try credentials?.keepServing(certificate, privateKey: request.privateKey)
                current = certificate
            } catch {
                Output.warn("swiftlet: certificate of this node's API: \(error)")
                try? await Task.sleep(for: .seconds(30))
            }
        }
    }
}
