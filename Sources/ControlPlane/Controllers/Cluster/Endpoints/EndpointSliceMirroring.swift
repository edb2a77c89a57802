internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Copies Endpoints that somebody made by hand, for a Service without a selector, into EndpointSlices, which is what readers read.
package struct EndpointSliceMirroring: Controller {
    package static let name = "endpointslicemirroring-controller"
    private static let managedBy = "endpointslicemirroring-controller.k8s.io"
    private static let skipLabel = "endpointslice.kubernetes.io/skip-mirror"
    private static let leaderAnnotation = "control-plane.alpha.kubernetes.io/leader"
    private static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
    private static let maxEndpoints = 1000

    private let context: ControllerContext
    private let endpoints: Informer<Endpoints>
    private let services: Informer<Service>
    private let slices: Informer<EndpointSlice>
    private let own: OwnWrites<EndpointSlice>
    private let queue: WorkQueue<ObjectKey>

    package init(_ context: ControllerContext) {
        self.context = context
        endpoints = context.informers.informer(Endpoints.self)
        services = context.informers.informer(Service.self)
        slices = context.informers.informer(EndpointSlice.self)
        own = OwnWrites(slices, time: context.time)
        queue = WorkQueue(time: context.time)
        slices.addIndex(EndpointSliceController.serviceIndex) { slice in
            slice.metadata.labels[EndpointSliceController.serviceLabel].map { ["\(slice.metadata.namespace ?? "")/\($0)"] } ?? []
        }
        follow()
    }

    private func follow() {
        let queue = queue
        endpoints.addHandler { event in
            switch event {
            case .added(let one), .updated(_, let one), .deleted(let one): queue.add(ObjectKey(one))
            }
        }
        services.addHandler { event in
            switch event {
            case .added(let service), .updated(_, let service), .deleted(let service): queue.add(ObjectKey(service))
            }
        }
        slices.addHandler { event in
            switch event {
            case .added(let slice), .updated(_, let slice), .deleted(let slice):
                guard slice.metadata.labels[EndpointSliceController.managedByLabel] == Self.managedBy,
                    let service = slice.metadata.labels[EndpointSliceController.serviceLabel]
                else { return }
                queue.add(ObjectKey(namespace: slice.metadata.namespace ?? "", name: service))
            }
        }
    }

    package func run() async {
        await KeyedLoop(context, queue: queue) { try await reconcile($0) }.run()
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard own.areSeen(for: key) else { return .again(after: .milliseconds(20)) }
        let existing = slices.objects(index: EndpointSliceController.serviceIndex, value: key.description).filter {
            $0.metadata.labels[EndpointSliceController.managedByLabel] == Self.managedBy
        }
        guard let source = endpoints[key], Self.isMirrored(source, services[key]) else {
            for slice in existing { try await delete(slice, key) }
            return .done
        }
        for family in ["IPv4", "IPv6"] {
            let desired = Self.endpoints(of: source, family)
            let present = existing.filter { $0.addressType == family }
            guard !desired.isEmpty || !present.isEmpty else { continue }
            let plan = SlicePlan(
                existing: present, desired: desired, template: Self.template(source, family), maxEndpoints: Self.maxEndpoints)
            let client = context.client.resource(EndpointSlice.self, namespace: key.namespace)
            for slice in plan.creates where !slice.endpoints.isEmpty { own.wrote(try await client.create(slice), for: key) }
            for slice in plan.updates { own.wrote(try await client.update(slice), for: key) }
            for slice in plan.deletes { try await delete(slice, key) }
        }
        return .done
    }

    private func delete(_ slice: EndpointSlice, _ key: ObjectKey) async throws(ClientError) {
        own.willDelete(slice, for: key)
        do throws(ClientError) {
            try await ignoringAbsence { () throws(ClientError) in
                try await context.client.resource(EndpointSlice.self, namespace: key.namespace).delete(
                    slice.metadata.name ?? "", uid: slice.metadata.uid)
            }
        } catch {
            own.didNotDelete(slice, for: key)
            throw error
        }
    }

    // MARK: decisions

    static func isMirrored(_ endpoints: Endpoints, _ service: Service?) -> Bool {
        guard let service, service.spec.selector.isEmpty, service.spec.type != "ExternalName" else { return false }
        return endpoints.metadata.labels[skipLabel] != "true" && endpoints.metadata.annotations[leaderAnnotation] == nil
            && endpoints.metadata.deletionTimestamp == nil
    }

    static func endpoints(of source: Endpoints, _ family: String) -> [[DiscoveryV1EndpointPort]: [Endpoint]] {
        var desired: [[DiscoveryV1EndpointPort]: [Endpoint]] = [:]
        for subset in source.subsets {
            let ports = subset.ports.map { port in
                DiscoveryV1EndpointPort {
                    $0.name = port.name ?? ""
                    $0.protocol = port.protocol ?? "TCP"
                    $0.port = port.port
                    $0.appProtocol = port.appProtocol
                }
            }
            let all = subset.addresses.map { ($0, true) } + subset.notReadyAddresses.map { ($0, false) }
            let mine = all.filter { (IPAddress($0.0.ip)?.isIPv4 ?? true) == (family == "IPv4") }
            if !mine.isEmpty { desired[ports, default: []] += mine.prefix(maxEndpoints).map { endpoint($0.0, isReady: $0.1) } }
        }
        return desired
    }

    private static func endpoint(_ address: EndpointAddress, isReady: Bool) -> Endpoint {
        Endpoint {
            $0.addresses = [address.ip]
            $0.conditions = EndpointConditions { $0.ready = isReady }
            $0.hostname = address.hostname
            $0.nodeName = address.nodeName
            $0.targetRef = address.targetRef
        }
    }

    private static func template(_ source: Endpoints, _ family: String) -> EndpointSlice {
        EndpointSlice {
            $0.metadata.generateName = "\(source.metadata.name ?? "")-"
            $0.metadata.namespace = source.metadata.namespace
            $0.metadata.labels = source.metadata.labels
            $0.metadata.labels[EndpointSliceController.managedByLabel] = managedBy
            $0.metadata.labels[EndpointSliceController.serviceLabel] = source.metadata.name
            $0.metadata.annotations = source.metadata.annotations.filter { $0.key != lastApplied && $0.key != TriggerTimes.annotation }
            $0.metadata.ownerReferences = [Owner(source).reference]
            $0.addressType = family
        }
    }
}
