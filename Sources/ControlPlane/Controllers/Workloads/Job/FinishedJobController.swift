internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Deletes Jobs some time after their end, if they ask for it.
struct FinishedJobController: Controller {
    static let name = "ttl-after-finished-controller"

    private let context: ControllerContext
    private let jobs: Informer<Job>
    private let queue: WorkQueue<ObjectKey>

    init(_ context: ControllerContext) {
        self.context = context
        let (jobs, queue) = (context.informers.informer(Job.self), WorkQueue<ObjectKey>(time: context.time))
        self.jobs = jobs
        self.queue = queue
        jobs.addHandler { event in
            switch event {
            case .added(let job), .updated(_, let job):
                if Self.expiry(of: job) != nil { queue.add(ObjectKey(job)) }
            case .deleted: break
            }
        }
    }

    func run() async {
        await context.informers.waitForSync()
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 5)
    }

    /// When the Job is to go; nil when never, or not known yet.
    static func expiry(of job: Job) -> Timestamp? {
        guard !job.metadata.isBeingDeleted, let seconds = job.spec.ttlSecondsAfterFinished, let end = job.end?.lastTransitionTime else {
            return nil
        }
        return end + .seconds(Int64(seconds))
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let cached = jobs[key], let expiry = Self.expiry(of: cached) else { return .done }
        let left = expiry - context.time.wallTime
        guard left <= .zero else { return .again(after: left) }
        do throws(ClientError) {
            // The time may have been changed since.
            let resource = context.client.resource(Job.self, namespace: key.namespace)
            let fresh = try await resource.get(key.name)
            guard let expiry = Self.expiry(of: fresh) else { return .done }
            let left = expiry - context.time.wallTime
            guard left <= .zero else { return .again(after: left) }
            try await resource.delete(key.name, uid: fresh.metadata.uid, propagationPolicy: "Foreground")
        } catch {
            if !error.isNotFound { throw error }
        }
        return .done
    }
}
