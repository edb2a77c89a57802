internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Runs pods until enough of them have succeeded.
struct JobController: Controller {
    static let name = "job-controller"

    private let context: ControllerContext
    private let jobs: Informer<Job>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>
    private let orphans: JobOrphans
    private let writer: JobWriter
    private let adoption: Adoption<Job, Pod>
    private let backoffs = Backoffs()

    /// What failed before, as long as the program runs.
    private final class Backoffs: Sendable {
        private let records = Mutex<[String: JobBackoff]>([:])
        subscript(uid: String) -> JobBackoff? {
            get { records.withLock { $0[uid] } }
            set { records.withLock { $0[uid] = newValue } }
        }
    }

    init(_ context: ControllerContext) {
        self.context = context
        jobs = context.informers.informer(Job.self)
        pods = context.informers.informer(Pod.self)
        queue = WorkQueue(time: context.time)
        writer = JobWriter(
            client: context.client, events: context.events, writtenPods: OwnWrites(pods, time: context.time),
            writtenJobs: OwnWrites(jobs, time: context.time))
        adoption = Adoption(client: context.client, written: writer.writtenPods, finalizer: JobNames.finalizer)
        orphans = JobOrphans(context, jobs: jobs, pods: pods)
        jobs.addNamespaceIndex()
        pods.addOwnershipIndexes()
        watch()
    }

    func run() async {
        await context.informers.waitForSync()
        await withDiscardingTaskGroup { group in
            group.addTask { await orphans.run() }
            group.addTask {
                await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 5)
            }
        }
    }

    // MARK: Who is to be looked at

    private func watch() {
        let (queue, jobs, writer, orphans, backoffs) = (queue, jobs, writer, orphans, backoffs)
        jobs.addHandler { event in
            switch event {
            case .added(let job): queue.add(ObjectKey(job))
            case .updated(let old, let job):
                // Changes of the status come from pods, mostly.
                if old.metadata.generation == job.metadata.generation, old.metadata.deletionTimestamp == job.metadata.deletionTimestamp {
                    queue.add(ObjectKey(job), after: JobNames.batchPeriod)
                } else {
                    queue.add(ObjectKey(job))
                }
                if job.end != nil, old.end == nil { orphans.add(podsOf: job) }
            case .deleted(let job):
                writer.forget(ObjectKey(job))
                backoffs[job.metadata.uid ?? ""] = nil
                orphans.add(podsOf: job)
            }
        }
        let routes = ChildRoutes<Pod>(
            kind: Job.groupVersionKind, queue: queue, delay: JobNames.batchPeriod, differs: { Self.differs($0, $1) },
            candidates: { pod in
                jobs.indexed(namespace: pod.metadata.namespace ?? "").filter { job in
                    (try? job.spec.selector?.selector()).map { !$0.isEmpty && $0.matches(pod.metadata.labels) } ?? false
                }.map { ObjectKey($0) }
            })
        pods.addHandler { event in
            routes.handle(event)
            orphans.handle(event)
        }
    }

    private static func differs(_ old: Pod, _ new: Pod) -> Bool {
        func restarts(_ pod: Pod) -> Int32 {
            (pod.status.initContainerStatuses + pod.status.containerStatuses).reduce(0) { $0 + $1.restartCount }
        }
        return new.differsForController(from: old) || old.metadata.finalizers != new.metadata.finalizers || restarts(old) != restarts(new)
    }

    // MARK: One look

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let job = jobs[key], !job.isForeign else { return .done }
        let uid = job.metadata.uid ?? ""
        guard job.end == nil else {
            backoffs[uid] = nil
            return .done
        }
        guard writer.areSeen(for: key) else { return .again(after: OwnWrites<Pod>.patience) }
        let own = try await ownPods(job)
        var sync = JobSync(job, pods: own, backoff: backoffs[uid], now: context.time.wallTime)
        let failure = await act(&sync)
        do throws(ClientError) {
            try await track(&sync)
            backoffs[uid] = sync.backoff
        } catch {
            // Changed meanwhile: the event of the change brings us back.
            if !error.isConflict, !error.isNotFound { throw error }
        }
        if let failure { throw failure }
        return sync.again.map { .again(after: $0) } ?? .done
    }

    /// Pods that are adopted have the finalizer from now on.
    private func ownPods(_ job: Job) async throws -> [Pod] {
        guard let selector = try job.spec.selector?.selector(), !selector.isEmpty else { return [] }
        let owner = Owner(job)
        let candidates = pods.owned(byUID: owner.uid) + pods.orphans(in: owner.namespace)
        return try await adoption.claim(candidates, by: job, selector).map { pod in
            guard !pod.metadata.isControlled(by: owner), !pod.isTracked else { return pod }
            var adopted = pod
            adopted.metadata.finalizers.append(JobNames.finalizer)
            return adopted
        }
    }

    private func act(_ sync: inout JobSync) async -> (any Error)? {
        let owner = Owner(sync.job)
        let outcome: JobWriter.Outcome
        switch sync.action() {
        case .nothing: outcome = .init()
        case .delete(let pods, let releasing): outcome = await writer.delete(pods, releasing: releasing, owner)
        case .create(let indexes): outcome = await writer.create(indexes, sync)
        }
        for event in sync.didAct(created: outcome.created, deleted: outcome.deleted, failed: outcome.failure != nil) {
            context.events.normal(owner, event.reason, event.message)
        }
        return outcome.failure
    }

    private func track(_ sync: inout JobSync) async throws(ClientError) {
        let before = sync.original.status
        let (finished, isAll) = sync.note()
        var job = sync.job
        if job.status != before { job = try await writer.writeStatus(job) }
        let (released, failure) = await writer.release(finished, Owner(job))
        let event = sync.conclude(job, released: released, isAll: isAll)
        if sync.job.status != job.status { _ = try await writer.writeStatus(sync.job) }
        if let event {
            context.events.record(Owner(job).objectReference, type: event.type, reason: event.reason, message: event.message)
        }
        if let failure { throw failure }
    }
}
