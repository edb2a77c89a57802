internal import APIMachinery
internal import ControlPlane
internal import KubernetesAPI
internal import KubernetesClient
internal import LinuxSystem

/// A node's way into a cluster: by a token the first time, by its own certificate from then on.
struct ClusterJoin: Sendable {
    private static let userAgent = "kubelet/\(Version.kubernetes)"
    private static let retryPeriod = Duration.seconds(1)

    var nodeName: String
    /// `https://HOST:PORT`
    var server: String
    /// `ID.SECRET`, perhaps with the hash; nil: the node has joined before.
    var token: String?
    var hash: String?
    let credentials: NodeCredentials

    init(_ place: InstancePlace, server: String, token: String?, hash: String?) throws {
        (nodeName, self.server, self.token, self.hash) = (place.nodeName, server, token, hash)
        credentials = try NodeCredentials(directory: "\(place.dataDirectory)/agent")
    }

    /// How to reach the API server as this node. Waits for a server that is not there yet.
    ///
    /// - Throws: `UsageError` when a token is needed and there is none, or it is for another cluster.
    func access() async throws -> KubeconfigFile.Access {
        if let known = try knownAccess() { return known }
        guard let token else {
            throw UsageError(
                "--token is needed: this node has not joined a cluster yet, or its certificate has ended (swiftlet token create)")
        }
        let authority = try await trustedAuthority(of: try parsed(token))
        let request = try NodeCredentials.ClientRequest(nodeName: nodeName)
        let bootstrap = try client(token: try parsed(token).text, authority: authority)
        let certificate = try await retrying("ask for this node's certificate") {
            try await CertificateOrder.client.fill(request.request, by: bootstrap) {
                Output.warn("swiftlet: certificate of this node: waiting for approval: kubectl certificate approve \($0)")
            }
        }
        guard let certificate else { throw Refusal("join \(server): the request for this node's certificate was denied or not answered") }
        try credentials.writeKubeconfig(
            server: server, authority: authority, nodeName: nodeName, request, certificate: certificate)
        return try KubeconfigFile.access(path: credentials.kubeconfigPath, userAgent: Self.userAgent)
    }

    /// What an earlier start of this node was given, while it holds. The server may have moved since.
    private func knownAccess() throws -> KubeconfigFile.Access? {
        guard Files.exists(credentials.kubeconfigPath) else { return nil }
        let known = try KubeconfigFile.access(path: credentials.kubeconfigPath, userAgent: Self.userAgent)
        guard let own = known.address.clientCertificate, NodeCredentials.holds(own.chain),
            known.userName == "system:node:\(nodeName)"
        else { return nil }
        var address = known.address
        (address.host, address.port) = try endpoint
        let transport = try HTTPSTransport(address)
        return .init(
            client: Client(transport: transport, userAgent: Self.userAgent), address: address, transport: transport,
            userName: known.userName)
    }

    private var endpoint: (host: String, port: Int) {
        get throws {
            guard let endpoint = KubeconfigFile.endpoint(server) else { throw UsageError("--server \(server): must be https://HOST:PORT") }
            return endpoint
        }
    }

    private func parsed(_ token: String) throws -> BootstrapToken {
        guard let parsed = BootstrapToken(token) else {
            throw UsageError("--token: must be ID.SECRET or ID.SECRET@sha256:HASH, as swiftlet token create prints it")
        }
        return parsed
    }

    private func trustedAuthority(of token: BootstrapToken) async throws -> String {
        guard let hash = hash ?? token.authorityHash else {
            throw UsageError("--ca-hash sha256:HASH is needed with a token that has none: whom to trust is not known")
        }
        let (host, port) = try endpoint
        return try await retrying("join \(server)") { try await ClusterDiscovery.authority(host: host, port: port, hash: hash) }
    }

    private func client(token: String, authority: String) throws -> Client {
        let (host, port) = try endpoint
        let address = ServerAddress(host: host, port: port, certificateAuthority: Array(authority.utf8))
        return Client(transport: try HTTPSTransport(address, token: { token }), userAgent: Self.userAgent)
    }

    /// Again while nobody answers, told once.
    private func retrying<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        var hasTold = false
        while true {
            do {
                return try await body()
            } catch {
                guard Self.isTransient(error) else { throw Refusal("\(what): \(error)") }
                if !hasTold { Output.warn("swiftlet: \(what): \(error); trying again") }
                hasTold = true
                try await Task.sleep(for: Self.retryPeriod)
            }
        }
    }

    private static func isTransient(_ error: any Error) -> Bool {
        if let error = error as? DiscoveryError { return error.isTransient }
        guard let error = error as? ClientError else { return false }
        guard let code = error.status?.code else { return true }
        return code >= 500 || code == 429
    }
}
