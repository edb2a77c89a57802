internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Deletes objects whose owners are gone, and carries out what was asked for dependents when an owner is deleted: foreground, orphan.
package struct GarbageCollector: Controller {
    package static let name = "generic-garbage-collector"
    package static let eventSource = "garbage-collector-controller"
    private static let workers = 20
    private static let syncPatience = Duration.seconds(30)

    private let collection: GarbageCollection
    private let monitors: ResourceMonitors
    private let context: ControllerContext

    package init(_ context: ControllerContext) {
        let collection = GarbageCollection(context)
        monitors = ResourceMonitors(
            client: context.client, time: context.time, executor: context.settings.executor, report: context.report
        ) { resource, change in
            collection.note(resource, change)
        }
        self.collection = collection
        self.context = context
    }

    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await monitors.run() }
            group.addTask {
                await waitForSync()
                await collection.run(resources: monitors, workers: Self.workers)
            }
        }
    }

    /// Before every object is known, owners seem absent that are not: each would be asked for. One resource that can't be listed does not stop the rest.
    private func waitForSync() async {
        let deadline = context.time.now + Self.syncPatience
        while !monitors.isSynced, context.time.now < deadline {
            guard (try? await context.time.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }
}

/// The graph, and what is to be looked at.
final class GarbageCollection: Sendable {
    private enum Work: Hashable {
        case examine(String)
        case orphan(String)
    }
    private let graph = Mutex(OwnershipGraph())
    private let absentOwners = Mutex(AbsentOwners())
    private let queue: WorkQueue<Work>
    private let context: ControllerContext
    private let patches: OwnershipPatches

    init(_ context: ControllerContext) {
        self.context = context
        patches = OwnershipPatches(client: context.client)
        queue = WorkQueue(time: context.time)
    }

    func note(_ resource: DiscoveredResource, _ change: ResourceMonitors.Change) {
        act(
            on: graph.withLock { graph in
                switch change {
                case .replaced(let all): graph.replace(resource, with: all.map { OwnedObject(resource, $0) })
                case .put(let metadata): graph.put(OwnedObject(resource, metadata))
                case .removed(let metadata): graph.remove(metadata.uid ?? "")
                }
            })
    }

    private func act(on consequences: [OwnershipGraph.Consequence]) {
        for consequence in consequences {
            switch consequence {
            case .examine(let uid): queue.add(.examine(uid))
            case .orphanDependents(let uid): queue.add(.orphan(uid))
            case .reportInvalidNamespace(let uid, let owner): reportInvalidNamespace(uid, owner)
            }
        }
    }

    func run(resources: ResourceMonitors, workers: Int) async {
        let loop = KeyedLoop(context, queue: queue) { [self] work in
            switch work {
            case .examine(let uid): try await examine(uid, resources)
            case .orphan(let uid): try await orphanDependents(of: uid)
            }
        }
        await loop.work(workers: workers)
    }

    // MARK: one object

    private func examine(_ uid: String, _ resources: ResourceMonitors) async throws -> Reconciler<Work>.Outcome {
        let (known, isSecure) = graph.withLock { graph in (graph.objects[uid], graph.objects[uid].map(graph.isSecure) ?? true) }
        guard let known, !known.isBeingDeleted || known.awaitsDependents else { return .done }
        if known.awaitsDependents { return try await finishForeground(known) }
        // What is being deleted already the watch will show as such.
        guard !isSecure, let current = try await live(known), current.deletionTimestamp == nil else { return .done }
        var object = known
        object.owners = current.ownerReferences
        let owners = try await standings(of: object, resources)
        let dependents = graph.withLock { $0.dependents(of: uid) }
        let decision = OwnershipDecision(owners: owners, dependents: dependents, finalizers: current.finalizers)
        try await carryOut(decision, object, resourceVersion: current.resourceVersion)
        guard decision == .keep, graph.withLock({ $0.hasUnseenOwner(object) }) else { return .done }
        // An owner that only the server knows: until its watch tells of it, nothing would tell of its end.
        throw StillWaiting()
    }

    /// The object as the server has it; nil, and it leaves the graph, when it is gone.
    private func live(_ object: OwnedObject) async throws -> ObjectMeta? {
        do throws(ClientError) {
            let metadata = try await context.client.metadata(of: object.resource, namespace: object.namespace).get(object.name).metadata
            if metadata.uid == object.uid { return metadata }
        } catch {
            guard error.isNotFound else { throw error }
        }
        act(on: graph.withLock { $0.remove(object.uid) })
        return nil
    }

    private func carryOut(_ decision: OwnershipDecision, _ object: OwnedObject, resourceVersion: String?) async throws {
        switch decision {
        case .keep: break
        case .strip(let uids): try await ignoringAbsence { () throws(ClientError) in try await patches.strip(uids, from: object) }
        case .delete(let policy, let unblocksOwners):
            if unblocksOwners {
                try await ignoringAbsence { () throws(ClientError) in try await patches.unblockOwners(of: object) }
            }
            // A change since it was looked at is a conflict, and brings it back: its owners may be others now.
            let version = unblocksOwners ? nil : resourceVersion
            try await ignoringAbsence { () throws(ClientError) in
                try await context.client.metadata(of: object.resource, namespace: object.namespace).delete(
                    object.name, uid: object.uid, resourceVersion: version, propagationPolicy: policy)
            }
        }
    }

    private func finishForeground(_ owner: OwnedObject) async throws -> Reconciler<Work>.Outcome {
        let blockers = graph.withLock { $0.blockers(of: owner.uid) }
        guard blockers.isEmpty else {
            for blocker in blockers where !blocker.awaitsDependents { queue.add(.examine(blocker.uid)) }
            return .done
        }
        try await ignoringAbsence { () throws(ClientError) in try await patches.removeFinalizer(Finalizers.foreground, from: owner) }
        return .done
    }

    private func orphanDependents(of uid: String) async throws -> Reconciler<Work>.Outcome {
        let (owner, dependents) = graph.withLock { ($0.objects[uid], $0.dependents(of: uid)) }
        guard let owner, owner.orphansDependents else { return .done }
        for dependent in dependents {
            do throws(ClientError) { try await patches.strip([uid], from: dependent) } catch {
                // 409: another object has its name now.
                guard error.isNotFound || error.isConflict || error.status?.code == 422 else { throw error }
            }
        }
        try await ignoringAbsence { () throws(ClientError) in try await patches.removeFinalizer(Finalizers.orphan, from: owner) }
        return .done
    }

    // MARK: owners

    private func standings(
        of object: OwnedObject, _ resources: ResourceMonitors
    ) async throws -> [(reference: OwnerReference, standing: OwnerStanding)] {
        var standings: [(reference: OwnerReference, standing: OwnerStanding)] = []
        for reference in object.owners { standings.append((reference, try await standing(of: reference, of: object, resources))) }
        return standings
    }

    private func standing(
        of reference: OwnerReference, of object: OwnedObject, _ resources: ResourceMonitors
    ) async throws -> OwnerStanding {
        let key = AbsentOwners.Key(namespace: object.namespace, reference)
        if absentOwners.withLock({ $0.contains(key) }) { return .absent }
        let kind = GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind)
        guard let resource = resources[kind] else {
            throw GarbageCollectionError("\(object.resource.name) \(object.name.quoted) names an owner of the unknown kind \(kind)")
        }
        // An owner in a namespace can't own what is in none; which namespace would be meant is not said, so it is left alone.
        if resource.isNamespaced, object.namespace.isEmpty { return .solid }
        let owners = context.client.metadata(of: resource, namespace: resource.isNamespaced ? object.namespace : "")
        do throws(ClientError) {
            let owner = try await owners.get(reference.name).metadata
            if owner.uid == reference.uid {
                return OwnedObject(resource, owner).awaitsDependents ? .awaitsDependents : .solid
            }
        } catch {
            guard error.isNotFound else { throw error }
        }
        absentOwners.withLock { $0.insert(key) }
        return .absent
    }

    private func reportInvalidNamespace(_ uid: String, _ owner: OwnerReference) {
        guard let object = graph.withLock({ $0.objects[uid] }) else { return }
        let reference = ObjectReference {
            $0.apiVersion = object.resource.kind.apiVersion
            $0.kind = object.resource.kind.kind
            $0.namespace = object.namespace
            $0.name = object.name
            $0.uid = object.uid
        }
        let text = "[\(owner.apiVersion)/\(owner.kind), namespace: \(object.namespace), name: \(owner.name), uid: \(owner.uid)]"
        context.events.record(
            reference, type: "Warning", reason: "OwnerRefInvalidNamespace",
            message: "ownerRef \(text) does not exist in namespace \(object.namespace.quoted)")
    }
}

struct GarbageCollectionError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Owners that are known not to be there: a uid never comes back. Forgets all when it has grown large.
struct AbsentOwners: Sendable {
    struct Key: Hashable {
        var namespace: String
        var uid: String
        var kind: String
        var name: String

        init(namespace: String, _ reference: OwnerReference) {
            self.namespace = namespace
            uid = reference.uid
            kind = "\(reference.apiVersion)/\(reference.kind)"
            name = reference.name
        }
    }
    private var keys: Set<Key> = []

    func contains(_ key: Key) -> Bool { keys.contains(key) }

    mutating func insert(_ key: Key) {
        if keys.count >= 4096 { keys = [] }
        keys.insert(key)
    }
}
