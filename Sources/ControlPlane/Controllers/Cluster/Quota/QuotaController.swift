internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Counts afresh what is used of every ResourceQuota: when it is new or changed, when something goes, and now and then. What is added is charged by the API
/// server at once.
package struct QuotaController: Controller {
    package static let name = "resourcequota-controller"
    private let loop: QuotaLoop
    private let context: ControllerContext

    package init(_ context: ControllerContext) {
        self.context = context
        loop = QuotaLoop(context)
    }

    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await KeyedLoop(context, queue: loop.queue) { try await loop.reconcile($0) }.run() }
            group.addTask { await loop.followCounted() }
        }
    }
}

/// The loop over quotas.
final class QuotaLoop: Sendable {
    let queue: WorkQueue<ObjectKey>
    private static let resync = Duration.seconds(300)
    /// A write that admission was at is seen by then.
    private static let settling = Duration.seconds(2)
    /// Changes that come together are counted once.
    private static let batching = Duration.milliseconds(50)

    private let context: ControllerContext
    private let quotas: Informer<ResourceQuota>
    private let monitors = Mutex<[String: Task<Void, Never>]>([:])
    private let wanted: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context
        queue = WorkQueue(time: context.time)
        wanted = WorkQueue(time: context.time)
        quotas = context.informers.informer(ResourceQuota.self)
        follow()
    }

    private func follow() {
        quotas.addHandler { [queue, wanted] event in
            switch event {
            case .added(let quota):
                queue.add(ObjectKey(quota))
                wanted.add("")
            case .updated(let old, let new):
                guard old.spec != new.spec else { return }
                queue.add(ObjectKey(new))
                wanted.add("")
            case .deleted: wanted.add("")
            }
        }
        context.informers.informer(Pod.self).addHandler { [self] event in
            switch event {
            case .updated(let old, let new):
                if old.isTerminal != new.isTerminal || old.spec != new.spec { noteQuotas(new.metadata.namespace) }
            case .deleted(let pod): noteQuotas(pod.metadata.namespace)
            case .added: break
            }
        }
    }

    private func noteQuotas(_ namespace: String?) {
        for quota in quotas.objects(in: namespace ?? "") { queue.add(ObjectKey(quota), after: Self.batching) }
    }

    // MARK: what else is counted

    /// Watches the resources that any quota counts, as long as one does.
    func followCounted() async {
        await context.informers.waitForSync()
        while let key = await wanted.next() {
            do throws(ClientError) { try await follow(resources: counted) } catch {
                context.report("discover counted resources: \(error)")
                wanted.addRateLimited(key)
            }
            wanted.done(key)
        }
        let all = monitors.withLock { $0.values }
        for task in all { task.cancel() }
    }

    private var counted: Set<String> {
        QuotaCount.resources(of: quotas.objects().flatMap(\.spec.hard.keys)).subtracting(["pods"])
    }

    private func follow(resources names: Set<String>) async throws(ClientError) {
        let missing = monitors.withLock { monitors in
            for (name, task) in monitors where !names.contains(name) {
                task.cancel()
                monitors[name] = nil
            }
            return names.filter { monitors[$0] == nil }
        }
        guard !missing.isEmpty else { return }
        let all = try await context.client.discoverResources()
        for resource in all where missing.contains(resource.name) && resource.verbs.isSuperset(of: ["list", "watch"]) {
            let monitor = MetadataMonitor(
                resource, client: context.client, time: context.time, replace: { _ in },
                put: { [self] in
                    // Services and claims can come to use less.
                    if QuotaCount.measured.contains(resource.name) { noteQuotas($0.namespace) }
                },
                remove: { [self] in noteQuotas($0.namespace) },
                report: { [context] in context.report("watch \(resource.name): \($0)") })
            monitors.withLock { $0[resource.name] = Task(executorPreference: context.settings.executor) { await monitor.run() } }
        }
    }

    // MARK: one quota

    func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        let client = context.client.resource(ResourceQuota.self, namespace: key.namespace)
        guard quotas[key] != nil else { return .done }
        // Listed together with what the others have charged: a charge in between is a conflict.
        guard var quota = try await client.list(.init { $0.fieldSelector = "metadata.name=\(key.name)" }).items.first else { return .done }
        let used = try await used(of: quota)
        guard quota.status.hard != quota.spec.hard || quota.status.used != used else { return .again(after: Self.resync) }
        quota.status.hard = quota.spec.hard
        quota.status.used = used
        try await ignoringAbsence { () throws(ClientError) in _ = try await client.update(quota, subresource: "status") }
        return .again(after: Self.settling)
    }

    private func used(of quota: ResourceQuota) async throws(ClientError) -> [String: Quantity] {
        let namespace = quota.metadata.namespace ?? ""
        let names = QuotaCount.resources(of: quota.spec.hard.keys)
        let json = quota.jsonObject
        var usages: [[String: Quantity]] = []
        if names.contains("pods") { usages += measure(try await list(Pod.self, namespace), "pods", json) }
        if names.contains("services") { usages += measure(try await list(Service.self, namespace), "services", json) }
        if names.contains("persistentvolumeclaims") {
            usages += measure(try await list(PersistentVolumeClaim.self, namespace), "persistentvolumeclaims", json)
        }
        let counted = names.subtracting(QuotaCount.measured)
        guard !counted.isEmpty, quota.spec.scopes.isEmpty, quota.spec.scopeSelector == nil else {
            return QuotaCount.used(hard: quota.spec.hard, usages)
        }
        for resource in try await context.client.discoverResources() where counted.contains(resource.name) && resource.isNamespaced {
            let count = Quantity(Int64(try await count(resource, namespace)))
            usages.append([resource.plural: count, "count/\(resource.name)": count])
        }
        return QuotaCount.used(hard: quota.spec.hard, usages)
    }

    private func list<Object: KubernetesObject>(_ type: Object.Type, _ namespace: String) async throws(ClientError) -> [Object] {
        try await context.client.resource(type, namespace: namespace).listAll().items
    }

    private func measure(_ objects: [some KubernetesObject], _ plural: String, _ quota: JSONObject) -> [[String: Quantity]] {
        let usage = QuotaUsage(group: "", plural: plural)
        return objects.map(\.jsonObject).filter { QuotaScopes.match(quota, $0, isPod: plural == "pods") }.map(usage.of)
    }

    private func count(_ resource: DiscoveredResource, _ namespace: String) async throws(ClientError) -> Int {
        let first = try await context.client.metadata(of: resource, namespace: namespace).list(.init { $0.limit = 1 })
        return first.items.count + Int(first.metadata.remainingItemCount ?? 0)
    }
}
