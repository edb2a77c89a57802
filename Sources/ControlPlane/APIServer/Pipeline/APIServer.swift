package import APIMachinery
package import KubernetesAPI
package import Storage
import Synchronization

/// The API server without its sockets: requests in, answers out.
package final class APIServer: Sendable {
    package struct Configuration: Sendable {
        package var authorizer: any Authorizer
        /// Answers what is asked and never stored: reviews, tokens.
        package var virtualResources: (any VirtualResources)?
        /// Refuses a write of a role or binding that gives more than its writer has.
        package var escalationCheck: (any EscalationChecking)?
        package var admission: [any AdmissionPlugin]
        /// The rules of the built-in kinds.
        package var strategy: @Sendable (GroupVersionKind) -> (any ObjectStrategy)?
        package var now: @Sendable () -> Timestamp
        /// Of the timeouts of watches and of bookmarks.
        package var clock: any Clock<Duration>
        /// Runs what the server does beside the tasks of its callers; nil: the usual threads do.
        package var executor: (any TaskExecutor)?
        /// What is made up for new objects.
        package var identifiers = Identifiers()
        /// Carries log, exec, proxy and the like to nodes and pods; without it they are refused.
        package var backends: (any BackendConnector)?
        /// Calls the webhooks that convert custom resources; without it there are none.
        package var conversionCaller: (any WebhookCaller)?
        /// What `/version` answers.
        package var version: JSONObject
        /// A check gives nil, or what is wrong.
        package var readyChecks: [(name: String, check: @Sendable () async -> String?)] = []
        package var eventLifetime = Duration.seconds(3600)
        package var bookmarkInterval = Duration.seconds(60)
        /// A client may ask a watch from the future to begin; a read of the future waits so long for it.
        package var futureWait = Duration.seconds(3)
        /// The most that a request may take which is not a stream.
        package var requestTimeout = Duration.seconds(60)

        package init(
            authorizer: any Authorizer = AllowAll(), admission: [any AdmissionPlugin] = DefaultAdmission.plugins,
            strategy: @escaping @Sendable (GroupVersionKind) -> (any ObjectStrategy)? = { BuiltInStrategies.strategy(for: $0) },
            now: @escaping @Sendable () -> Timestamp = { .now() }, clock: any Clock<Duration> = ContinuousClock(),
            version: JSONObject = ServerVersion.json
        ) {
            self.authorizer = authorizer
            self.admission = admission
            self.strategy = strategy
            self.now = now
            self.clock = clock
            self.version = version
        }
    }

    package let configuration: Configuration
    let storage: any StorageBackend
    let view: StoreView
    let admission: AdmissionChain
    private let currentRegistry: Mutex<Box<ResourceRegistry>>
    private let builtIn: [ResourceDefinition]
    let customResources = CustomResources()
    let discovery = DiscoveryCache()
    let services = ServiceIndex()
    let deadlines: RequestDeadlines
    let aggregation: Aggregation
    let nodeUsage: NodeUsageCollector

    package init(storage: any StorageBackend, configuration: Configuration = Configuration()) async throws(Status) {
        self.storage = storage
        self.configuration = configuration
        view = StoreView(storage: storage, executor: configuration.executor)
        deadlines = RequestDeadlines(clock: configuration.clock, executor: configuration.executor)
        admission = AdmissionChain(plugins: configuration.admission)
        do throws(StorageError) {
            aggregation = try await Aggregation(storage)
        } catch {
            throw Status(error, "list \(Aggregation.prefix)")
        }
        nodeUsage = NodeUsageCollector(now: configuration.now, clock: configuration.clock)
        // Without a way to the nodes there are no figures of them.
        let metrics = configuration.backends == nil ? [] : MetricsResources.all
        builtIn = BuiltInResources.resources(strategy: configuration.strategy) + metrics
        currentRegistry = Mutex(Box(ResourceRegistry(builtIn)))
        try await loadDefinitions()
    }

    package var registry: ResourceRegistry { currentRegistry.withLock { $0 }.value }
    package var objects: ObjectReader { ObjectReader(server: self) }

    /// Serves other custom resources from now on.
    func setCustomResources(_ resources: [ResourceDefinition]) {
        let registry = Box(ResourceRegistry(builtIn + resources))
        currentRegistry.withLock { $0 = registry }
        discovery.invalidate()
    }

    /// Ends the observation of the store. Watches end when their connections do.
    package func close() { view.close() }
}

/// Answers requests about objects that exist only in the answer.
package protocol VirtualResources: Sendable {
    /// - Parameter name: Of the parent, for a subresource; else empty.
    func create(
        resource: String, subresource: String, namespace: String, name: String, object: JSONObject, caller: UserInfo
    ) async throws(Status) -> JSONObject
}

package protocol EscalationChecking: Sendable {
    func checkEscalation(resource: String, namespace: String, object: JSONValue, old: JSONValue?, by user: UserInfo) throws(Status)
}

/// Lets everybody do everything: for tests and simulations without users.
package struct AllowAll: Authorizer {
    package init() {}
    package func authorize(_ attributes: RequestAttributes) -> AuthorizationDecision { .allowed(reason: "") }
}
