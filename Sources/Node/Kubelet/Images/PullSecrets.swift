internal import APIMachinery
internal import CRI
internal import KubernetesAPI
internal import KubernetesClient

/// What a pod may show to registries: its Secrets first, then the node's own credentials.
struct PullCredentials: Sendable {
    private(set) var keyrings: [DockerKeyring] = []
    /// Secrets that could not be had.
    private(set) var missing: [String] = []

    init(_ pod: Pod, objects: any PodObjects, node: DockerKeyring) async throws(StartFailure) {
        var keyring = DockerKeyring()
        for reference in pod.spec.imagePullSecrets {
            guard let name = reference.name, !name.isEmpty else { continue }
            guard let secret = try? await objects.secret(name, for: pod) else {
                missing.append(name)
                continue
            }
            do { try keyring.add(secret) } catch {
                throw StartFailure("ErrImagePull", "secret \(name): \(error)")
            }
        }
        keyrings = [keyring, node]
    }

    /// To be tried in this order; none: the registry is asked without.
    func credentials(for repository: String) -> [AuthConfig] {
        var seen: Set<AuthConfig> = []
        return keyrings.flatMap { $0.credentials(for: repository) }.filter { seen.insert($0).inserted }
    }
}

extension DockerKeyring {
    /// A Secret of another type or without its key holds no credentials.
    mutating func add(_ secret: Secret) throws(FormatError) {
        if secret.type == "kubernetes.io/dockerconfigjson", let data = secret.data[".dockerconfigjson"], !data.bytes.isEmpty {
            try add(dockerConfigJSON: data.bytes)
        } else if secret.type == "kubernetes.io/dockercfg", let data = secret.data[".dockercfg"], !data.bytes.isEmpty {
            try add(dockercfg: data.bytes)
        }
    }
}
