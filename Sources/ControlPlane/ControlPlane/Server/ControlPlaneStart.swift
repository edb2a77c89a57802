internal import APIMachinery
internal import APIServer
internal import Controllers
internal import Glibc
internal import HTTPServer
internal import KubernetesAPI
internal import Storage
internal import StorageSQLite

/// The steps of a control plane's start, in their order.
struct ControlPlaneStart {
    /// How often it is looked whether certificates are to be renewed.
    private static let renewalInterval = Duration.seconds(12 * 3600)
    private static let issuer = "https://kubernetes.default.svc.cluster.local"

    let configuration: ControlPlaneServer.Configuration

    init(_ configuration: ControlPlaneServer.Configuration) { self.configuration = configuration }

    func run() async throws -> ControlPlaneServer {
        try makeDataDirectory()
        let lock = try DataDirectoryLock(configuration.dataDirectory)
        let names = try names()
        let credentials = try Credentials(directory: pki, names: names, now: .now())
        let storage = try openStore()
        do {
            let parts = try await assemble(storage, credentials, lock)
            let http = try await listen(parts.front, credentials)
            return try await serve(http, parts, credentials, names)
        } catch {
            await storage.close()
            throw error
        }
    }

    /// What is left to do once the port is known. When that fails, nothing listens any more.
    private func serve(
        _ http: HTTPServer, _ parts: ControlPlaneParts, _ credentials: Credentials, _ names: Credentials.Names
    ) async throws -> ControlPlaneServer {
        do {
            let port = http.endpoints[0].port
            try await bootstrap(parts.storage, credentials, port: http.endpoints[http.endpoints.count - 1].port)
            let (url, kubeconfig) = try writeKubeconfig(credentials, port: port)
            let namespaces = NamespaceObjects(storage: parts.storage, authority: credentials.authority.certificate)
            try await namespaces.reconcileAll()
            parts.bootstrap.complete()
            return ControlPlaneServer(
                configuration: configuration, parts: parts, http: http, authority: credentials.authority, url: url,
                kubeconfigPath: kubeconfig, servingApproval: ServingApproval(names: names.hostNames, addresses: names.addresses),
                renewal: renew(http, names, parts.backends), namespaces: namespaces.run())
        } catch {
            await http.shutdown()
            parts.apiServer.close()
            await parts.audit?.finish()
            throw error
        }
    }

    private func makeDataDirectory() throws {
        do {
            try SecretFile.makeDirectory(configuration.dataDirectory)
        } catch {
            throw ControlPlaneError.system(error.step, error.code)
        }
    }

    private var pki: String { "\(configuration.dataDirectory)/pki" }

    // MARK: names and addresses

    private func names() throws -> Credentials.Names {
        var addresses = alternativeAddresses
        let listen = try address(configuration.listenAddress)
        if listen.bytes.contains(where: { $0 != 0 }) { addresses.append(listen) }
        addresses.append(try serviceRange().first)
        if let text = configuration.podAddress { addresses.append(try address(text)) }
        let names = configuration.alternativeNames.filter { IPAddress($0) == nil }
        if let wrong = names.first(where: { !NameValidation.dns1123Subdomain($0).isEmpty }) {
            throw ControlPlaneError("\(wrong.quoted) is neither an IP address nor a DNS name", kind: .invalid)
        }
        return Credentials.Names(hostNames: [hostName] + names, addresses: addresses)
    }

    private var alternativeAddresses: [IPAddress] { configuration.alternativeNames.compactMap { IPAddress($0) } }

    private func address(_ text: String) throws -> IPAddress {
        guard let address = IPAddress(text) else { throw ControlPlaneError("\(text.quoted) is not an IP address", kind: .invalid) }
        return address
    }

    private func serviceRange() throws -> (text: String, first: IPAddress) {
        let parts = configuration.serviceCIDR.split(separator: "/")
        guard parts.count == 2, let base = IPAddress(String(parts[0])), base.isIPv4, let length = Int(parts[1]), (8...30).contains(length)
        else {
            throw ControlPlaneError(
                "service range \(configuration.serviceCIDR.quoted): an IPv4 network with a prefix of 8 to 30 bits is needed",
                kind: .invalid)
        }
        var first = base.bytes
        first[3] |= 1
        return (configuration.serviceCIDR, IPAddress(bytes: first))
    }

    private var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, 255) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }

    // MARK: parts

    private func openStore() throws -> any StorageBackend {
        switch configuration.store {
        case .memory: MemoryStorage(retention: StorageRetention(age: configuration.history))
        case .sqlite: try openFiles()
        }
    }

    private func openFiles() throws -> SQLiteStorage {
        var options = SQLiteStorage.Options()
        options.retention = StorageRetention(age: configuration.history)
        options.restoreCommand = "swiftlet snapshot restore --data-dir \(configuration.dataDirectory) FILE"
        do {
            return try SQLiteStorage(directory: "\(configuration.dataDirectory)/store", options: options)
        } catch .inUse(let what) {
            throw ControlPlaneError(what, kind: .inUse)
        }
    }

    private func assemble(
        _ storage: any StorageBackend, _ credentials: Credentials, _ lock: DataDirectoryLock
    ) async throws -> ControlPlaneParts {
        let bootstrapper = Bootstrapper(storage: storage, now: .now())
        try await bootstrapper.makeMissing(
            DefaultObjects.namespaces + DefaultObjects.priorityClasses + DefaultFlowControl.objects)
        try await bootstrapper.reconcile(DefaultRBAC.objects)
        let rbac = try await RBACAuthorizer(storage: storage)
        let authorizer = AuthorizerChain([MastersAuthorizer(), try await NodeAuthorizer(storage: storage), rbac])
        let accounts = try ServiceAccountTokens(issuer: Self.issuer, key: credentials.serviceAccountKey, storage: storage)
        let tokens = try tokenAuthenticators(storage, accounts)
        let (webhookMetrics, backends) = (WebhookMetrics(), BackendDialer(credentials))
        let webhooks = (caller: HTTPSWebhookCaller() as any WebhookCaller, metrics: webhookMetrics)
        var server = APIServer.Configuration(
            authorizer: authorizer, admission: DefaultAdmission.plugins(webhooks: webhooks, serviceCIDR: configuration.serviceCIDR))
        server.backends = backends
        server.conversionCaller = webhooks.caller
        server.virtualResources = ReviewService(
            authorizer: authorizer, rbac: rbac, tokens: tokens, issuer: accounts, storage: storage)
        server.escalationCheck = EscalationCheck(rbac: rbac, authorizer: authorizer)
        let bootstrap = BootstrapProgress()
        server.readyChecks.append((BootstrapProgress.checkName, { bootstrap.problem }))
        let apiServer = try await APIServer(storage: storage, configuration: server)
        let audit = try configuration.auditLog.map { try AuditLog(path: $0, policy: try auditPolicy()) }
        let metrics = RequestMetrics()
        let fairness = FairQueue()
        let pages = OwnPages(tokens: accounts) { metrics.text + StoreMetrics.text(of: storage) + webhookMetrics.text + ProcessMetrics.text }
        let front = Front(
            server: apiServer, authenticator: RequestAuthenticator(tokens: tokens, allowsAnonymous: configuration.allowsAnonymous),
            authorizer: authorizer, fairness: fairness, audit: audit, metrics: metrics, ownPages: pages)
        return ControlPlaneParts(
            storage: storage, apiServer: apiServer, rbac: rbac, authorizer: authorizer, front: front, audit: audit, lock: lock,
            bootstrap: bootstrap, backends: backends)
    }

    private func auditPolicy() throws -> AuditPolicy {
        guard let path = configuration.auditPolicy else { return .metadata }
        guard let text = try SecretFile.read(path) else {
            throw ControlPlaneError("audit policy \(path): there is no such file", kind: .invalid)
        }
        do throws(AuditPolicyError) {
            return try AuditPolicy(parsing: Array(text.utf8))
        } catch {
            throw ControlPlaneError("audit policy \(path): \(error)", kind: .invalid)
        }
    }

    private func tokenAuthenticators(
        _ storage: any StorageBackend, _ accounts: ServiceAccountTokens
    ) throws -> TokenAuthenticatorUnion {
        var all: [any TokenAuthenticator] = []
        if let path = configuration.tokenFile {
            guard let text = try SecretFile.read(path) else { throw ControlPlaneError("token file \(path): no such file", kind: .invalid) }
            all.append(try StaticTokens(csv: text))
        }
        return TokenAuthenticatorUnion(all + [BootstrapTokens(storage: storage), accounts])
    }

    private func listen(_ front: Front, _ credentials: Credentials) async throws -> HTTPServer {
        var endpoints = [HTTPServerConfiguration.Endpoint(host: configuration.listenAddress, port: configuration.listenPort)]
        if isLoopbackOnly, let address = configuration.podAddress {
            endpoints.append(.init(host: address, port: configuration.listenPort, mayBeAhead: true))
        }
        let http = HTTPServerConfiguration(endpoints: endpoints, tls: credentials.identity)
        do {
            return try await HTTPServer.start(http) { await front.handle($0, from: $1) }
        } catch let error as HTTPServerError {
            guard let number = error.errnoCode else { throw error }
            throw ControlPlaneError.system(error.operation, number)
        }
    }

    /// The rest of the first objects, some of which need to know the port.
    private func bootstrap(_ storage: any StorageBackend, _ credentials: Credentials, port: Int) async throws {
        let range = try serviceRange()
        let endpoint = DefaultObjects.Endpoint(
            serverAddress: reachableAddress, serverPort: port, serviceCIDR: range.text, serviceAddress: range.first.description)
        let bootstrapper = Bootstrapper(storage: storage, now: .now())
        try await bootstrapper.makeMissing(DefaultObjects.apiServices + DefaultObjects.addresses(endpoint, now: .now()))
        let maps = DefaultObjects.configMaps(
            clientCA: credentials.authority.certificate, frontProxyCA: credentials.frontProxyAuthority.certificate, now: .now())
        try await bootstrapper.makeMissing(maps + (configuration.hasLocalVolumes ? DefaultObjects.storageClasses : []))
        try await bootstrapper.makeTrue(DefaultObjects.service(endpoint) + maps.prefix(1))
        let hasDNS = configuration.clusterDNSBackend != nil || configuration.hasClusterDNS
        if hasDNS, let address = clusterDNSAddress {
            try await bootstrapper.makeMissing([ClusterDNSObjects.reservation(address: address)])
            try await bootstrapper.makeTrue(
                ClusterDNSObjects.objects(address: address, backend: configuration.clusterDNSBackend, node: configuration.clusterDNSNode))
        }
        try await bootstrapper.makeTrue(joiningObjects(credentials, port: port, hasDNS: hasDNS))
    }

    private func joiningObjects(_ credentials: Credentials, port: Int, hasDNS: Bool) -> [BootstrapObject] {
        let host = reachableAddress
        var facts = configuration.network
        facts.serviceCIDR = configuration.serviceCIDR
        facts.clusterDNS = hasDNS ? clusterDNSAddress ?? "" : ""
        let info = JoiningObjects.clusterInfo(
            server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)", authority: credentials.authority.certificate)
        return [info, JoiningObjects.network(facts)] + (configuration.bootstrapToken.map { [$0.object()] } ?? [])
    }

    /// The tenth of the service range, as kubeadm and others have it; nil when there are fewer.
    var clusterDNSAddress: String? {
        guard let range = try? serviceRange(), let length = Int(range.text.split(separator: "/")[1]), length <= 28 else { return nil }
        var bytes = range.first.bytes
        bytes[3] = bytes[3] & 0xf0 | 10
        return IPAddress(bytes: bytes).description
    }

    /// Endpoints may not name every address, nor this machine as itself where another is known.
    private var reachableAddress: String {
        if isLoopbackOnly { return configuration.podAddress ?? configuration.listenAddress }
        guard ["0.0.0.0", "::"].contains(configuration.listenAddress) else { return configuration.listenAddress }
        return alternativeAddresses.first?.description ?? configuration.podAddress ?? "127.0.0.1"
    }

    private var isLoopbackOnly: Bool { configuration.listenAddress.hasPrefix("127.") || configuration.listenAddress == "::1" }

    private func writeKubeconfig(_ credentials: Credentials, port: Int) throws -> (url: String, path: String) {
        let host = ["0.0.0.0", "::"].contains(configuration.listenAddress) ? "127.0.0.1" : configuration.listenAddress
        let url = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        let path = configuration.kubeconfigPath ?? "\(configuration.dataDirectory)/admin.kubeconfig"
        let kubeconfig = Kubeconfig(
            clusterName: configuration.clusterName, server: url, authority: credentials.authority.certificate, userName: "kubernetes-admin",
            credentials: credentials.admin)
        try kubeconfig.write(to: path)
        return (url, path)
    }

    /// Renews certificates before they end. A failure leaves the old one in use until the next attempt.
    private func renew(_ http: HTTPServer, _ names: Credentials.Names, _ backends: BackendDialer) -> Task<Void, Never> {
        Task { [pki] in
            while (try? await Task.sleep(for: Self.renewalInterval)) != nil {
                guard let credentials = try? Credentials(directory: pki, names: names, now: .now()) else { continue }
                try? http.replace(credentials.identity)
                backends.replace(credentials)
                _ = try? writeKubeconfig(credentials, port: http.endpoints[0].port)
            }
        }
    }
}
