package import APIMachinery
internal import KubernetesAPI
package import KubernetesClient
internal import LinuxSystem
import Synchronization

/// Leads packets for Services to their endpoints, as kube-proxy's nftables mode does: watches Services, EndpointSlices and its node, and keeps
/// one nftables table as they say. A change costs what has changed, whatever the number of services.
package final class ServiceProxy: Sendable {
    private let configuration: ServiceProxyConfiguration
    private let services: Informer<Service>
    private let slices: Informer<EndpointSlice>
    private let node: Informer<Node>
    private let rules: Mutex<KernelRules>
    private let time: any TimeSource
    private let report: @Sendable (String) -> Void
    /// Where libnftables runs: with thousands of services a transaction takes its time.
    private let executor: BlockingExecutor
    private let health: HealthCheckServers
    private let events: EventRecorder
    /// What has to be looked at: services by key; an empty key stands for all.
    private let dirty = Mutex<Set<ObjectKey>>([])
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    private static let byService = "service"
    private static let everything = ObjectKey(name: "")

    /// - Parameters:
    ///   - client: May list and watch services, endpointslices and its node.
    ///   - report: Told of what goes wrong and is tried again, a line each.
    package init(
        _ configuration: ServiceProxyConfiguration, client: Client, time: any TimeSource = MachineTime(),
        report: @escaping @Sendable (String) -> Void
    ) throws {
        executor = try BlockingExecutor(threads: 1)
        self.configuration = configuration
        self.time = time
        self.report = report
        rules = Mutex(KernelRules(configuration, report: report))
        let events = EventRecorder(client, component: "kube-proxy", host: configuration.nodeName, time: time)
        self.events = events
        health = HealthCheckServers(host: configuration.healthCheckHost, time: time) { health, error in
            let reason = "failed to start healthcheck \"\(health.service)\" on port \(health.port): \(error)"
            report("service proxy: \(reason)")
            events.record(
                ObjectReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Service"
                    ($0.namespace, $0.name) = (health.service.namespace, health.service.name)
                }, type: "Warning", reason: "FailedToStartServiceHealthcheck", message: "node \(configuration.nodeName) \(reason)")
        }
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let told: @Sendable (ClientError) -> Void = { report("service proxy: \($0)") }
        services = Informer(client.resource(Service.self), time: time, report: told)
        var current = ListOptions()
        current.labelSelector = "!service.kubernetes.io/headless"
        slices = Informer(
            client.resource(EndpointSlice.self), selection: current,
            indexes: [Self.byService: { Self.serviceKeys(of: $0).map(\.description) }],
            time: time, report: told)
        var own = ListOptions()
        own.fieldSelector = "metadata.name=\(configuration.nodeName)"
        node = Informer(client.resource(Node.self), selection: own, time: time, report: told)
    }

    /// Puts the table into the kernel, as it is without any service, unless an earlier run has left one: pods that run go on with that.
    package func prepare() async throws { try await executor.run { [self] in try rules.withLock { try $0.prepare() } } }

    /// Works until the task is cancelled. The rules stay, so that pods go on without the daemon.
    package func run() async {
        observe()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.services.run() }
            group.addTask { await self.slices.run() }
            group.addTask { await self.node.run() }
            group.addTask { await self.events.run() }
            group.addTask { await self.health.run() }
            for informer in [services.waitForSync, slices.waitForSync, node.waitForSync] { await informer() }
            mark([Self.everything])
            await withTaskExecutorPreference(executor) { await self.follow() }
            group.cancelAll()
        }
    }

    private func observe() {
        services.addHandler { [self] event in mark(event.objects.map { ObjectKey($0) }) }
        slices.addHandler { [self] event in mark(event.objects.flatMap(Self.serviceKeys)) }
        node.addHandler { [self] event in
            if Set(event.objects.map { $0.metadata.labels[Self.zoneLabel] }).count > 1 || event.objects.count == 1 {
                mark([Self.everything])
            }
        }
    }

    private func mark(_ keys: [ObjectKey]) {
        dirty.withLock { $0.formUnion(keys) }
        changed.yield()
    }

    private func follow() async {
        var retry = Retry(first: .milliseconds(200))
        var lastFailure = time.now
        for await _ in changes {
            let keys = dirty.withLock { dirty in
                defer { dirty = [] }
                return dirty
            }
            guard !keys.isEmpty else { continue }
            do throws(ServiceProxyError) {
                try apply(keys)
                health.setHealthy(true)
            } catch {
                report("\(error)")
                health.setHealthy(false)
                // What the kernel has is not known for sure: everything is made anew.
                let wait = retry.next(after: time.now - lastFailure)
                lastFailure = time.now
                if (try? await time.sleep(for: wait)) == nil { return }
                mark([Self.everything])
            }
        }
    }

    private func apply(_ keys: Set<ObjectKey>) throws(ServiceProxyError) {
        if keys.contains(Self.everything) {
            let all = Dictionary(services.objects().map { (ObjectKey($0), $0) }) { first, _ in first }
            let wanted = all.compactMapValues { ports(of: $0) }
            health.replace(all.compactMapValues { health(of: $0) })
            try rules.withLock { rules throws(ServiceProxyError) in try rules.replace(wanted) }
        } else {
            let wanted = Dictionary(keys.map { key in (key, services[key].map { ports(of: $0) } ?? []) }) { first, _ in first }
            health.change(Dictionary(keys.map { key in (key, services[key].flatMap { health(of: $0) }) }) { first, _ in first })
            try rules.withLock { rules throws(ServiceProxyError) in try rules.change(wanted) }
        }
    }

    private func slices(of service: Service) -> [EndpointSlice] {
        slices.objects(index: Self.byService, value: ObjectKey(service).description)
    }

    private func health(of service: Service) -> ServiceHealth? {
        ServiceHealth(service, slices(of: service), nodeName: configuration.nodeName)
    }

    private func ports(of service: Service) -> [ProxiedPort] {
        ProxiedPort.all(
            of: service, slices(of: service), nodeName: configuration.nodeName,
            zone: node[ObjectKey(name: configuration.nodeName)]?.metadata.labels[Self.zoneLabel])
    }

    private static let zoneLabel = "topology.kubernetes.io/zone"

    @Sendable private static func serviceKeys(of slice: EndpointSlice) -> [ObjectKey] {
        guard let name = slice.metadata.labels["kubernetes.io/service-name"], !name.isEmpty else { return [] }
        return [ObjectKey(namespace: slice.metadata.namespace ?? "", name: name)]
    }
}

extension InformerEvent {
    /// The object as it is and as it was.
    fileprivate var objects: [Object] {
        switch self {
        case .added(let object), .deleted(let object): [object]
        case .updated(let old, let new): [old, new]
        }
    }
}

/// Rules that the kernel has not taken.
package struct ServiceProxyError: Error, CustomStringConvertible {
    package let description: String
}
