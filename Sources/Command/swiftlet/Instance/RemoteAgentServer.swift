internal import APIMachinery
internal import ControlPlane
internal import HTTPServer
internal import Kubelet
internal import KubernetesAPI
internal import KubernetesClient
internal import LinuxSystem

/// The API of a node agent whose control plane is another process: its certificate, self-signed at first, or asked for there.
struct RemoteAgentServer: Sendable {
    private static let signer = "kubernetes.io/kubelet-serving"
    private static let pollPeriod = Duration.seconds(2)
    /// After that an answer is not waited for any longer, as with the kubelet.
    private static let requestTimeout = Duration.seconds(900)

    let api: KubeletServer
    private let access: KubeconfigFile.Access
    private let nodeName: String
    private let addresses: [String]
    private let clientAuthorities: String
    private let asksForCertificate: Bool

    static func start(_ settings: NodeAgent.Settings, _ access: KubeconfigFile.Access) async throws -> RemoteAgentServer {
        let outline = settings.outline
        let file = outline.clientCAFile
        let authorities = file.isEmpty ? access.authority : try Files.read(file)
        let text = String(decoding: authorities, as: UTF8.self)
        let identity = try NodeServingCertificate.selfSigned(
            nodeName: settings.place.nodeName, addresses: outline.hostIPs, clientAuthorities: text)
        return RemoteAgentServer(
            api: try await KubeletServer.listen(as: outline, identity: identity), access: access, nodeName: settings.place.nodeName,
            addresses: outline.hostIPs, clientAuthorities: text, asksForCertificate: outline.serverTLSBootstrap)
    }

    func keepUntilCancelled() async {
        await keepCertificate()
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    /// Asks for a certificate, and for another one before that ends, until the task is cancelled.
    private func keepCertificate() async {
        guard asksForCertificate else { return }
        while !Task.isCancelled {
            do {
                let request = try NodeServingCertificate.Request(nodeName: nodeName, addresses: addresses)
                guard let certificate = try await issued(request) else {
                    Output.warn("swiftlet: certificate of this node's API: the request was not answered or was denied; asking again")
                    try? await Task.sleep(for: .seconds(60))
                    continue
                }
                try api.replace(request.identity(certificate, clientAuthorities: clientAuthorities))
                try? await Task.sleep(for: NodeServingCertificate.timeUntilRenewal(certificate) ?? .seconds(3600))
            } catch {
                Output.warn("swiftlet: certificate of this node's API: \(error)")
                try? await Task.sleep(for: .seconds(30))
            }
        }
    }

    /// - Returns: nil when nobody has approved it in time, or somebody has denied it.
    private func issued(_ request: NodeServingCertificate.Request) async throws -> String? {
        let requests = access.client.resource(CertificateSigningRequest.self)
        let made = try await requests.create(
            CertificateSigningRequest {
                $0.metadata.generateName = "csr-"
                $0.spec.request = Base64Data(Array(request.request.utf8))
                $0.spec.signerName = Self.signer
                $0.spec.usages = ["digital signature", "server auth"]
            })
        let name = made.metadata.name ?? ""
        Output.warn("swiftlet: certificate of this node's API: waiting for approval: kubectl certificate approve \(name)")
        let end = ContinuousClock.now + Self.requestTimeout
        while !Task.isCancelled, ContinuousClock.now < end {
            try? await Task.sleep(for: Self.pollPeriod)
            // Who does not answer now may do so at the next try.
            guard let current = try? await requests.get(name) else { continue }
            if let bytes = current.status.certificate?.bytes, !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            if current.status.conditions.contains(where: { ["Denied", "Failed"].contains($0.type) }) { return nil }
        }
        return nil
    }
}
