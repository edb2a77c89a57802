internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Asks a cluster for a certificate and waits for it.
struct CertificateOrder: Sendable {
    private static let pollPeriod = Duration.milliseconds(500)
    /// After that an answer is not waited for any longer, as with the kubelet.
    private static let requestTimeout = Duration.seconds(900)

    /// The signer: `kubernetes.io/kubelet-serving`.
    var signer: String
    /// With the names of certificates.k8s.io.
    var usages: [String]

    static let serving = CertificateOrder(signer: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"])
    static let client = CertificateOrder(
        signer: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "client auth"])

    /// - Parameters:
    ///   - request: PEM, PKCS #10.
    ///   - waits: Told the name of the request when it has not been answered within some seconds.
    /// - Returns: PEM; nil when nobody has approved it in time, or somebody has denied it.
    func fill(_ request: String, by client: Client, waits: @Sendable (String) -> Void = { _ in }) async throws -> String? {
        let requests = client.resource(CertificateSigningRequest.self)
        let made = try await requests.create(
            CertificateSigningRequest {
                $0.metadata.generateName = "csr-"
                $0.spec.request = Base64Data(Array(request.utf8))
                $0.spec.signerName = signer
                $0.spec.usages = usages
            })
        let name = made.metadata.name ?? ""
        let begin = ContinuousClock.now
        var hasTold = false
        while !Task.isCancelled, ContinuousClock.now < begin + Self.requestTimeout {
            try? await Task.sleep(for: Self.pollPeriod)
            if !hasTold, ContinuousClock.now > begin + .seconds(5) {
                waits(name)
                hasTold = true
            }
            // Who does not answer now may do so at the next try.
            guard let current = try? await requests.get(name) else { continue }
            if let bytes = current.status.certificate?.bytes, !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            if current.status.conditions.contains(where: { ["Denied", "Failed"].contains($0.type) }) { return nil }
        }
        return nil
    }
}
