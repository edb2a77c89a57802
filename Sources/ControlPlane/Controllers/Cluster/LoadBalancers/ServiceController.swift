internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Gives services of the type LoadBalancer their addresses: writes status.loadBalancer, keeps a finalizer on whom it has served, and releases
/// what a service no longer wants. The service proxies of the nodes do the rest.
///
/// Upstream's controller of this name asks a cloud for a balancer; here the addresses come from a pool or from the nodes. Services of a
/// loadBalancerClass are somebody else's.
package struct ServiceController: Controller {
    package static let name = "service-controller"
    static let finalizer = "service.kubernetes.io/load-balancer-cleanup"
    private let context: ControllerContext
    private let services: Informer<Service>
    private let nodes: Informer<Node>
    private let slices: Informer<EndpointSlice>
    private let queue: WorkQueue<ObjectKey>
    private let memory = Memory()

    /// What the informer does not show yet, and what has been said.
    private final class Memory: Sendable {
        struct Content {
            var given: [ObjectKey: (version: String?, addresses: [IPAddress])] = [:]
            var problems: [ObjectKey: String] = [:]
        }
        let content = Mutex(Content())
    }

    package init(_ context: ControllerContext) {
        self.context = context
        services = context.informers.informer(Service.self)
        nodes = context.informers.informer(Node.self)
        slices = context.informers.informer(EndpointSlice.self)
        queue = WorkQueue(time: context.time)
        slices.addIndex(Self.byService) { [Self.serviceKey(of: $0).description] }
        observe()
    }

    /// One worker: two could give the same address to two services.
    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run(workers: 1)
    }

    // MARK: what brings it here

    private static let byService = "service of load balancers"

    private func observe() {
        services.addHandler { [self] event in
            switch event {
            case .added(let service):
                if Self.concerns(service) { queue.add(ObjectKey(service)) }
            case .updated(let old, let new):
                if Self.concerns(old) || Self.concerns(new) { queue.add(ObjectKey(new)) }
                if Self.concerns(old), old.spec != new.spec || Self.held(old) != Self.held(new) { addWaiting() }
            case .deleted(let service):
                memory.content.withLock {
                    $0.given[ObjectKey(service)] = nil
                    $0.problems[ObjectKey(service)] = nil
                }
                if Self.concerns(service) { addWaiting() }
            }
        }
        nodes.addHandler { [self] event in
            switch event {
            case .added, .deleted: addAll()
            case .updated(let old, let new):
                if old.isReady != new.isReady || BalancingNode.usable([old]) != BalancingNode.usable([new]) { addAll() }
            }
        }
        slices.addHandler { [self] event in
            let slice =
                switch event {
                case .added(let slice), .updated(_, let slice), .deleted(let slice): slice
                }
            let key = Self.serviceKey(of: slice)
            if let service = services[key], Self.isLocal(service) { queue.add(key) }
        }
    }

    private func addAll() { for service in services.objects() where Self.concerns(service) { queue.add(ObjectKey(service)) } }

    /// Something has become free.
    private func addWaiting() { for key in memory.content.withLock({ $0.problems.keys }) { queue.add(key) } }

    // MARK: one service

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let service = services[key] else { return .done }
        guard Self.wants(service), service.metadata.deletionTimestamp == nil else {
            if service.metadata.finalizers.contains(Self.finalizer) { try await release(service) }
            return .done
        }
        let claim = claim(service)
        let isNew = !service.metadata.finalizers.contains(Self.finalizer)
        switch plan(except: key).decide(claim) {
        case .addresses(let addresses):
            let isFine = addresses == claim.held && !isNew
            forgetProblem(of: key)
            guard !isFine else { return .done }
            say(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
            try await write(service, addresses)
            say(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
            if !claim.held.isEmpty { addWaiting() }
        case .pending(let reason):
            if isFirst(reason, of: key) {
                say(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")
                say(
                    service, "Warning", "SyncLoadBalancerFailed",
                    "Error syncing load balancer: failed to ensure load balancer: \(reason)")
            }
            if isNew || !claim.held.isEmpty { try await write(service, []) }
            // That a program of the machine ends, nobody tells.
            return context.settings.isPortOccupied == nil ? .done : .again(after: .seconds(30))
        }
        return .done
    }

    private func plan(except key: ObjectKey) -> LoadBalancerPlan {
        let others = services.objects().filter { Self.wants($0) && $0.metadata.deletionTimestamp == nil && ObjectKey($0) != key }
        var plan = LoadBalancerPlan(
            source: context.settings.loadBalancers, nodes: BalancingNode.usable(nodes.objects()), rivals: others.map(claim))
        if let isOccupied = context.settings.isPortOccupied { plan.isOccupied = isOccupied }
        return plan
    }

    private func claim(_ service: Service) -> LoadBalancerClaim {
        let key = ObjectKey(service)
        // Until the informer shows what was written, that counts.
        let given = memory.content.withLock { content -> [IPAddress]? in
            guard let given = content.given[key] else { return nil }
            if given.version == service.metadata.resourceVersion { return given.addresses }
            content.given[key] = nil
            return nil
        }
        var claim = LoadBalancerClaim(service, held: given ?? Self.held(service))
        if Self.isLocal(service), context.settings.loadBalancers == .nodes {
            let endpoints = slices.objects(index: Self.byService, value: key.description).flatMap(\.endpoints)
            claim.nodes = Set(endpoints.filter { $0.conditions?.ready ?? true }.compactMap(\.nodeName))
        }
        return claim
    }

    private func release(_ service: Service) async throws {
        say(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer")
        let patch: JSONValue = [
            "metadata": ["$deleteFromPrimitiveList/finalizers": [.string(Self.finalizer)]],
            "status": ["loadBalancer": ["ingress": .null]],
        ]
        try await send(patch, service)
        say(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer")
        forgetProblem(of: ObjectKey(service))
        addWaiting()
    }

    private func write(_ service: Service, _ addresses: [IPAddress]) async throws {
        let ingress = addresses.map { ["ip": .string($0.description), "ipMode": "VIP"] as JSONValue }
        let patch: JSONValue = [
            "metadata": [
                "finalizers": [.string(Self.finalizer)], "resourceVersion": service.metadata.resourceVersion.map { .string($0) } ?? .null,
            ],
            "status": ["loadBalancer": ["ingress": ingress.isEmpty ? .null : .array(ingress)]],
        ]
        memory.content.withLock { $0.given[ObjectKey(service)] = (service.metadata.resourceVersion, addresses) }
        do {
            try await send(patch, service)
        } catch {
            memory.content.withLock { $0.given[ObjectKey(service)] = nil }
            throw error
        }
    }

    private func send(_ patch: JSONValue, _ service: Service) async throws {
        try await ignoringAbsence { () throws(ClientError) in
            _ = try await context.client.resource(Service.self, namespace: service.metadata.namespace)
                .patch(service.metadata.name ?? "", .strategicMerge, patch, subresource: "status")
        }
    }

    private func say(_ service: Service, _ type: String, _ reason: String, _ message: String) {
        context.events.record(ObjectReference(service), type: type, reason: reason, message: message)
    }

    private func forgetProblem(of key: ObjectKey) { memory.content.withLock { $0.problems[key] = nil } }

    private func isFirst(_ reason: String, of key: ObjectKey) -> Bool {
        memory.content.withLock { content in
            defer { content.problems[key] = reason }
            return content.problems[key] != reason
        }
    }
}

// MARK: - Services

extension ServiceController {
    static func wants(_ service: Service) -> Bool {
        service.spec.type == "LoadBalancer" && service.spec.loadBalancerClass == nil
    }

    private static func concerns(_ service: Service) -> Bool { wants(service) || service.metadata.finalizers.contains(finalizer) }

    private static func isLocal(_ service: Service) -> Bool { wants(service) && service.spec.externalTrafficPolicy == "Local" }

    private static func held(_ service: Service) -> [IPAddress] {
        service.status.loadBalancer.ingress.compactMap { $0.ip.flatMap { IPAddress($0) } }
    }

    @Sendable private static func serviceKey(of slice: EndpointSlice) -> ObjectKey {
        ObjectKey(namespace: slice.metadata.namespace ?? "", name: slice.metadata.labels["kubernetes.io/service-name"] ?? "")
    }
}
