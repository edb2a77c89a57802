internal import APIMachinery
package import APIServer
internal import Controllers
internal import Glibc
package import HTTPServer
internal import KubernetesAPI
package import KubernetesClient
package import Storage
internal import StorageSQLite
import Synchronization

/// The control plane: a store, the API server over it, and the HTTPS server before that.
package final class ControlPlaneServer: Sendable {
    package struct Configuration: Sendable {
        package enum Store: String, Sendable {
            case sqlite
            /// Gone with the process.
            case memory
        }

        /// Holds the store and `pki`.
        package var dataDirectory: String
        /// Where to listen; port 0 for any free one.
        package var listenAddress: String
        package var listenPort: Int
        /// An address of this machine that pods reach, which need not be on a link yet. When the server listens on a loopback address only, it
        /// listens here as well, since pods have loopback addresses of their own.
        package var podAddress: String?
        /// Where a DNS server for the cluster listens, on port 53, behind the service `kube-system/kube-dns`; nil: there is no such service.
        package var clusterDNSBackend: String?
        /// The node that this DNS server is part of: its pods ask there.
        package var clusterDNSNode: String?
        /// Whether there is that service also without a DNS server here: nodes have their own.
        package var hasClusterDNS = false
        /// What nodes of this cluster have to know of its network; the rest of it is filled in here.
        package var network = ClusterNetworkFacts()
        /// A token with which nodes may join, besides those that are made later.
        package var bootstrapToken: BootstrapToken?
        package var store = Store.sqlite
        /// Revisions so recent can be read, and watches begun after them.
        package var history = Duration.seconds(3600)
        /// What is written for the administrator; nil for `DATA/admin.kubeconfig`.
        package var kubeconfigPath: String?
        /// Whether there is the StorageClass `standard`, whose volumes are directories of a node.
        package var hasLocalVolumes = false
        /// IPv4; its first address is the service `kubernetes`.
        package var serviceCIDR = "10.96.0.0/16"
        /// More names and addresses that clients use for this server.
        package var alternativeNames: [String] = []
        /// Of the cluster in the kubeconfig.
        package var clusterName = "swiftlet"
        package var tokenFile: String?
        package var auditLog: String?
        /// File with an audit.k8s.io/v1 Policy that says what the log tells; nil for every request without bodies.
        package var auditPolicy: String?
        /// Whether those without credentials may ask for anything at all (RBAC grants them health and version).
        package var allowsAnonymous = true

        package init(dataDirectory: String, listenAddress: String = "127.0.0.1", listenPort: Int = 6443) {
            self.dataDirectory = dataDirectory
            self.listenAddress = listenAddress
            self.listenPort = listenPort
        }
    }

    package let configuration: Configuration
    /// Of the service `kube-dns`, when there is one.
    package var clusterDNSAddress: String? {
        configuration.clusterDNSBackend == nil && !configuration.hasClusterDNS ? nil : ControlPlaneStart(configuration).clusterDNSAddress
    }
    package let apiServer: APIServer
    package let storage: any StorageBackend
    package let authorizer: any Authorizer
    /// `https://127.0.0.1:6443`
    package let url: String
    package let kubeconfigPath: String
    private let http: HTTPServer
    private let authority: KeyPair
    private let renewal: Task<Void, Never>
    private let aggregation: Task<Void, Never>
    private let availability: Task<Void, Never>
    private let namespaces: Task<Void, Never>
    private let audit: AuditLog?
    private let lock: DataDirectoryLock
    private let backends: BackendDialer
    /// Of nodes, which may not take this server's place.
    let servingApproval: ServingApproval

    init(
        configuration: Configuration, parts: ControlPlaneParts, http: HTTPServer, authority: KeyPair, url: String,
        kubeconfigPath: String, servingApproval: ServingApproval, renewal: Task<Void, Never>, namespaces: Task<Void, Never>
    ) {
        self.servingApproval = servingApproval
        self.authority = authority
        self.configuration = configuration
        apiServer = parts.apiServer
        storage = parts.storage
        authorizer = parts.authorizer
        audit = parts.audit
        lock = parts.lock
        backends = parts.backends
        self.http = http
        self.url = url
        self.kubeconfigPath = kubeconfigPath
        self.renewal = renewal
        self.namespaces = namespaces
        aggregation = RoleAggregation(rbac: parts.rbac, storage: parts.storage).run()
        availability = AvailabilityLoop(parts.apiServer).run()
    }

    /// Opens the store, makes or renews certificates, makes the objects of the beginning, and serves.
    ///
    /// - Throws: One line that says which step failed, on what.
    package static func start(_ configuration: Configuration) async throws -> ControlPlaneServer {
        try await ControlPlaneStart(configuration).run()
    }

    /// Writes a kubeconfig for another client of this server, mode 0600: a node's agent, a component.
    ///
    /// - Parameter user: Becomes the certificate's CN, each group an O; it holds for a year.
    package func writeKubeconfig(to path: String, user: String, groups: [String]) throws {
        let pair = try CertificateAuthority(authority).issue(.init(commonName: user, organizations: groups, usage: .client), now: .now())
        try Kubeconfig(server: url, authority: authority.certificate, userName: user, credentials: pair).write(to: path)
    }

    /// What signs the certificates of clients and nodes.
    var clusterAuthority: ClusterAuthority { ClusterAuthority(certificate: authority.certificate, privateKey: authority.privateKey) }

    /// What a node agent shows of itself, signed by this cluster's authority, so that the API server believes it; a year long.
    ///
    /// - Parameter addresses: Where the agent is reached, besides this machine's loopback.
    package func kubeletIdentity(nodeName: String, addresses: [String]) throws -> TLSIdentity {
        var all = addresses.compactMap { IPAddress($0) }
        for loopback in [IPAddress(bytes: [127, 0, 0, 1]), IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1])]
        where !all.contains(loopback) { all.append(loopback) }
        let names = [nodeName, "localhost"].filter { NameValidation.dns1123Subdomain($0).isEmpty }
        let pair = try CertificateAuthority(authority).issue(
            .init(commonName: "system:node:\(nodeName)", organizations: ["system:nodes"], usage: .server(names: names, addresses: all)),
            now: .now())
        return TLSIdentity(
            certificateChain: pair.certificate, privateKey: pair.privateKey, clientAuthorities: authority.certificate)
    }

    /// A client in this process: no socket, no TLS, but the same identity, authorization and admission as over the network.
    ///
    /// - Parameters:
    ///   - user: For example `system:node:worker`, `system:serviceaccount:kube-system:job-controller`.
    ///   - groups: Besides `system:authenticated`.
    package func client(user: String, groups: [String], userAgent: String) -> Client {
        let caller = Caller(user: UserInfo(name: user, groups: groups + ["system:authenticated"]))
        let server = apiServer
        return Client(transport: DirectTransport { await server.handle($0, info: RequestInfo($0), from: caller) }, userAgent: userAgent)
    }

    /// Asks a node agent of this process without a socket from now on.
    package func attach(_ agent: LocalAgent) { backends.attach(agent) }

    /// Saves the store as it is at one moment to a new file, while it is in use.
    ///
    /// - Returns: A revision that the snapshot is not older than.
    package func saveSnapshot(to path: String) async throws -> Int64 {
        let revision = storage.currentRevision
        try await storage.snapshot(to: path)
        return revision
    }

    /// How many connections clients have open.
    package var connectionCount: Int { http.connectionCount }

    /// Ends requests, then watches, then the store.
    package func stop() async {
        renewal.cancel()
        aggregation.cancel()
        availability.cancel()
        namespaces.cancel()
        await http.shutdown()
        apiServer.close()
        await audit?.finish()
        await storage.close()
        lock.release()
    }
}

/// What is made before anything listens.
struct ControlPlaneParts {
    var storage: any StorageBackend
    var apiServer: APIServer
    var rbac: RBACAuthorizer
    var authorizer: any Authorizer
    var front: Front
    var audit: AuditLog?
    var lock: DataDirectoryLock
    var bootstrap: BootstrapProgress
    var backends: BackendDialer
}
