internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Keeps the Endpoints of every Service that selects pods: the older form of EndpointSlices.
package struct EndpointsController: Controller {
    package static let name = "endpoint-controller"
    private let loop: EndpointsLoop
    private let context: ControllerContext

    package init(_ context: ControllerContext) {
        self.context = context
        loop = EndpointsLoop(context)
    }

    package func run() async {
        await KeyedLoop(context, queue: loop.queue) { try await loop.reconcile($0) }.run()
    }
}

/// The loop over Services.
final class EndpointsLoop: Sendable {
    let queue: WorkQueue<ObjectKey>
    private static let managedByLabel = "endpoints.kubernetes.io/managed-by"
    private let context: ControllerContext
    private let services: Informer<Service>
    private let endpoints: Informer<Endpoints>
    private let selection: ServicesOfPods
    private let triggers = Mutex(TriggerTimes())

    init(_ context: ControllerContext) {
        self.context = context
        queue = WorkQueue(time: context.time)
        services = context.informers.informer(Service.self)
        endpoints = context.informers.informer(Endpoints.self)
        selection = ServicesOfPods(context.informers)
        selection.follow(queue)
        endpoints.addHandler { [queue] event in
            // Also those that have no Service any more.
            switch event {
            case .added(let endpoints), .deleted(let endpoints): queue.add(ObjectKey(endpoints))
            case .updated(let old, let new): if old.subsets != new.subsets { queue.add(ObjectKey(new)) }
            }
        }
    }

    func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let service = services[key] else {
            triggers.withLock { $0.forget(namespace: key.namespace, name: key.name) }
            try await removeIfManaged(key)
            return .done
        }
        guard service.selectsPods, service.metadata.deletionTimestamp == nil else { return .done }
        let pods = selection.pods(of: service)
        let current = endpoints[key]
        var subsets = EndpointSubsets.subsets(service, pods)
        let isTruncated = EndpointSubsets.truncate(&subsets)
        let wanted = Self.wanted(service, current, subsets, isTruncated: isTruncated)
        let trigger = triggers.withLock { $0.next(service, pods) }
        try await write(wanted, current, trigger)
        return .done
    }

    /// Everything but the annotation of the time.
    private static func wanted(_ service: Service, _ current: Endpoints?, _ subsets: [EndpointSubset], isTruncated: Bool) -> Endpoints {
        var new = current ?? Endpoints()
        new.metadata.name = service.metadata.name
        new.metadata.namespace = service.metadata.namespace
        new.metadata.labels = service.metadata.labels
        new.metadata.labels["service.kubernetes.io/headless"] = service.isHeadless ? "" : nil
        new.metadata.labels[managedByLabel] = "endpoint-controller"
        new.metadata.annotations[EndpointSubsets.overCapacity] = isTruncated ? "truncated" : nil
        new.subsets = subsets
        return new
    }

    private func write(_ wanted: Endpoints, _ current: Endpoints?, _ trigger: Timestamp?) async throws {
        guard wanted != current else { return }
        var new = wanted
        new.metadata.annotations[TriggerTimes.annotation] = trigger?.description
        let client = context.client.resource(Endpoints.self, namespace: new.metadata.namespace)
        do throws(ClientError) {
            if current == nil { _ = try await client.create(new) } else { _ = try await client.update(new) }
        } catch {
            if error.isNamespaceTerminating { return }
            // Made since the copy was taken; or gone, which brings us back.
            guard current == nil, error.isAlreadyExists else { throw error }
            throw StillWaiting()
        }
    }

    /// Endpoints made by hand before their Service stay.
    private func removeIfManaged(_ key: ObjectKey) async throws(ClientError) {
        guard let left = endpoints[key],
            left.metadata.labels[Self.managedByLabel] != nil || left.metadata.annotations[TriggerTimes.annotation] != nil
        else { return }
        try await ignoringAbsence { () throws(ClientError) in
            try await context.client.resource(Endpoints.self, namespace: key.namespace).delete(key.name, uid: left.metadata.uid)
        }
    }
}
