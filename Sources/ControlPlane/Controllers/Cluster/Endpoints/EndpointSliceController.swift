internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Keeps the EndpointSlices of every Service that selects pods.
package struct EndpointSliceController: Controller {
    package static let name = "endpointslice-controller"
    static let managedBy = "endpointslice-controller.k8s.io"
    static let managedByLabel = "endpointslice.kubernetes.io/managed-by"
    static let serviceLabel = "kubernetes.io/service-name"
    static let serviceIndex = "service"
    private static let maxEndpoints = 100

    private let loop: EndpointSliceLoop
    private let context: ControllerContext

    package init(_ context: ControllerContext) {
        self.context = context
        loop = EndpointSliceLoop(context)
    }

    package func run() async {
        await KeyedLoop(context, queue: loop.queue) { try await loop.reconcile($0) }.run()
    }

    /// What every slice of a Service has.
    static func template(_ service: Service, addressType: String) -> EndpointSlice {
        EndpointSlice {
            $0.metadata.generateName = "\(service.metadata.name ?? "")-"
            $0.metadata.namespace = service.metadata.namespace
            $0.metadata.labels = labels(service)
            $0.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Service"
                    $0.name = service.metadata.name ?? ""
                    $0.uid = service.metadata.uid ?? ""
                    $0.controller = true
                    $0.blockOwnerDeletion = true
                }
            ]
            $0.addressType = addressType
        }
    }

    private static func labels(_ service: Service) -> [String: String] {
        var labels = service.metadata.labels
        labels["service.kubernetes.io/headless"] = service.isHeadless ? "" : nil
        labels[managedByLabel] = managedBy
        labels[serviceLabel] = service.metadata.name
        return labels
    }

    /// What is to be written for one address type.
    ///
    /// - Parameter node: By name.
    static func plan(
        _ service: Service, addressType: String, pods: [Pod], existing: [EndpointSlice], node: (String) -> Node?
    ) -> SlicePlan {
        var desired: [[DiscoveryV1EndpointPort]: [Endpoint]] = [:]
        for pod in pods where PodEndpoint.isEligible(pod, includesTerminating: true) {
            let candidate = PodEndpoint(pod: pod, service: service)
            let node = pod.spec.nodeName.flatMap(node)
            // Where a pod is matters for its hints, and one of a lost node is about to be collected.
            guard node != nil || service.spec.publishNotReadyAddresses == true || pod.spec.nodeName == nil else { continue }
            guard var endpoint = candidate.endpoint(addressType, node: node) else { continue }
            TopologyHints.apply(service.spec.trafficDistribution, to: &endpoint)
            desired[candidate.ports, default: []].append(endpoint)
        }
        return SlicePlan(
            existing: existing, desired: desired, template: template(service, addressType: addressType), maxEndpoints: maxEndpoints)
    }
}

/// The loop over Services.
final class EndpointSliceLoop: Sendable {
    let queue: WorkQueue<ObjectKey>
    private let context: ControllerContext
    private let services: Informer<Service>
    private let slices: Informer<EndpointSlice>
    private let nodes: Informer<Node>
    private let selection: ServicesOfPods
    private let own: OwnWrites<EndpointSlice>
    private let triggers = Mutex(TriggerTimes())

    init(_ context: ControllerContext) {
        self.context = context
        queue = WorkQueue(time: context.time)
        services = context.informers.informer(Service.self)
        slices = context.informers.informer(EndpointSlice.self)
        nodes = context.informers.informer(Node.self)
        selection = ServicesOfPods(context.informers)
        own = OwnWrites(slices, time: context.time)
        slices.addIndex(EndpointSliceController.serviceIndex) { slice in
            slice.metadata.labels[EndpointSliceController.serviceLabel].map { ["\(slice.metadata.namespace ?? "")/\($0)"] } ?? []
        }
        selection.follow(queue)
        followSlicesAndNodes()
    }

    private func followSlicesAndNodes() {
        slices.addHandler { [queue] event in
            switch event {
            case .added(let slice), .updated(_, let slice), .deleted(let slice):
                guard slice.metadata.labels[EndpointSliceController.managedByLabel] == EndpointSliceController.managedBy,
                    let service = slice.metadata.labels[EndpointSliceController.serviceLabel]
                else { return }
                queue.add(ObjectKey(namespace: slice.metadata.namespace ?? "", name: service))
            }
        }
        nodes.addHandler { [queue, services] event in
            if case .updated(let old, let new) = event, old.metadata.labels == new.metadata.labels { return }
            for service in services.objects() where service.selectsPods { queue.add(ObjectKey(service)) }
        }
    }

    func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let service = services[key] else {
            triggers.withLock { $0.forget(namespace: key.namespace, name: key.name) }
            own.forget(key)
            return .done  // The slices go with their owner.
        }
        guard service.selectsPods, service.metadata.deletionTimestamp == nil else { return .done }
        guard own.areSeen(for: key) else { return .again(after: .milliseconds(20)) }
        let pods = selection.pods(of: service)
        let existing = slices.objects(index: EndpointSliceController.serviceIndex, value: key.description).filter {
            $0.metadata.labels[EndpointSliceController.managedByLabel] == EndpointSliceController.managedBy
        }
        let families = service.spec.ipFamilies.isEmpty ? ["IPv4"] : service.spec.ipFamilies
        let trigger = triggers.withLock { $0.next(service, pods) }
        for slice in existing where !families.contains(slice.addressType) { try await delete(slice, key) }
        for family in families {
            var plan = EndpointSliceController.plan(
                service, addressType: family, pods: pods, existing: existing.filter { $0.addressType == family },
                node: { nodes[ObjectKey(name: $0)] })
            plan.forEachWritten { $0.metadata.annotations[TriggerTimes.annotation] = trigger?.description }
            try await carryOut(plan, key)
        }
        return .done
    }

    private func carryOut(_ plan: SlicePlan, _ key: ObjectKey) async throws(ClientError) {
        let client = context.client.resource(EndpointSlice.self, namespace: key.namespace)
        for slice in plan.creates {
            do throws(ClientError) { own.wrote(try await client.create(slice), for: key) } catch {
                // A namespace that is going takes nothing new.
                guard error.isNamespaceTerminating else { throw error }
            }
        }
        for slice in plan.updates { own.wrote(try await client.update(slice), for: key) }
        for slice in plan.deletes { try await delete(slice, key) }
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
}
