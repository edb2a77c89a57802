internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Objects of an API server: of ConfigMaps and Secrets only those that this node's pods refer to, since a node may see no others.
final class ClientObjects: PodObjects {
    private let client: Client
    private let nodeName: String
    private let time: any TimeSource
    private let configMaps: ReferencedObjects<ConfigMap>
    private let secrets: ReferencedObjects<Secret>
    private let tokens: TokenStore
    private let serviceInformer: Informer<Service>
    private let changed: AsyncStream<PodUID>

    /// - Parameter background: Runs the watches.
    init(_ client: Client, nodeName: String, _ background: Background, _ time: any TimeSource) {
        self.client = client
        self.nodeName = nodeName
        self.time = time
        let (stream, signal) = AsyncStream.makeStream(of: PodUID.self)
        changed = stream
        let tell: @Sendable (Set<PodUID>) -> Void = { pods in for pod in pods.sorted() { signal.yield(pod) } }
        configMaps = ReferencedObjects("configmap", client, background, time, isImmutable: { $0.immutable ?? false }, changed: tell)
        secrets = ReferencedObjects("secret", client, background, time, isImmutable: { $0.immutable ?? false }, changed: tell)
        tokens = TokenStore(client, time)
        let services = Informer(
            client.resource(Service.self), indexes: [Self.byNamespace: { [$0.metadata.namespace ?? ""] }], time: time)
        serviceInformer = services
        background.start { await services.run() }
    }

    /// How many objects are watched.
    var watchCount: Int { configMaps.watchCount + secrets.watchCount }

    func register(_ pod: Pod) {
        let references = ObjectReferences(pod)
        func keys(_ names: Set<String>) -> Set<ObjectKey> { Set(names.map { ObjectKey(namespace: pod.namespace, name: $0) }) }
        configMaps.use(keys(references.configMaps), by: pod.uid)
        secrets.use(keys(references.secrets), by: pod.uid)
    }

    func unregister(_ pod: PodUID) {
        configMaps.use([], by: pod)
        secrets.use([], by: pod)
        tokens.forget(pod)
    }

    func configMap(_ name: String, for pod: Pod) async throws(ObjectError) -> ConfigMap {
        try await configMaps.read(ObjectKey(namespace: pod.namespace, name: name), by: pod.uid)
    }

    func secret(_ name: String, for pod: Pod) async throws(ObjectError) -> Secret {
        try await secrets.read(ObjectKey(namespace: pod.namespace, name: name), by: pod.uid)
    }

    func token(_ order: TokenOrder) async throws(ObjectError) -> ServiceToken { try await tokens.token(order) }

    func claim(_ name: String, namespace: String) async throws(ObjectError) -> PersistentVolumeClaim {
        do throws(ClientError) {
            return try await client.resource(PersistentVolumeClaim.self, namespace: namespace).get(name)
        } catch { throw ObjectError(error) }
    }

    func volume(_ name: String) async throws(ObjectError) -> PersistentVolume {
        do throws(ClientError) { return try await client.resource(PersistentVolume.self).get(name) } catch { throw ObjectError(error) }
    }

    func nodeLabels() async throws(ObjectError) -> [String: String] {
        do throws(ClientError) {
            return try await client.resource(Node.self).get(nodeName).metadata.labels
        } catch { throw ObjectError(error) }
    }

    /// Waits for the first list a little: after a start it is on its way.
    func services(of namespace: String) async throws(ObjectError) -> [Service] {
        if !serviceInformer.isSynced {
            let (informer, time) = (serviceInformer, time)
            await withTaskGroup { group in
                group.addTask { await informer.waitForSync() }
                // Cancelled once the list is there.
                group.addTask { try? await time.sleep(for: Self.firstListLimit) }
                await group.next()
                group.cancelAll()
            }
        }
        guard serviceInformer.isSynced else {
            throw ObjectError(.failed, "services have not yet been read at least once, cannot construct envvars")
        }
        return Set([namespace, "default"]).flatMap { serviceInformer.objects(index: Self.byNamespace, value: $0) }
    }

    private static let byNamespace = "namespace"
    private static let firstListLimit = Duration.seconds(1)

    func changes() -> AsyncStream<PodUID> { changed }
}
