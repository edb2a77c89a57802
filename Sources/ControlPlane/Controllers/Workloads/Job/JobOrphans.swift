internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Takes the finalizer from pods that no Job will count any more, so that they can go.
struct JobOrphans: Sendable {
    private let context: ControllerContext
    private let jobs: Informer<Job>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<ObjectKey>

    init(_ context: ControllerContext, jobs: Informer<Job>, pods: Informer<Pod>) {
        self.context = context
        self.jobs = jobs
        self.pods = pods
        queue = WorkQueue(time: context.time)
    }

    func run() async {
        await Reconciler(queue: queue, report: { context.reportFailure(of: $0, $1) }, reconcile: reconcile).run(workers: 2)
    }

    func add(podsOf job: Job) {
        for pod in pods.owned(byUID: job.metadata.uid ?? "") where pod.isTracked { queue.add(ObjectKey(pod)) }
    }

    func handle(_ event: InformerEvent<Pod>) {
        switch event {
        case .added(let pod), .updated(_, let pod):
            if pod.isTracked, !isCounted(pod) { queue.add(ObjectKey(pod)) }
        case .deleted: break
        }
    }

    /// Whether a Job will let go of the pod, or somebody else has to.
    private func isCounted(_ pod: Pod) -> Bool {
        guard let controller = pod.metadata.controller else { return false }
        guard let key = controller.key(of: Job.groupVersionKind, namespace: pod.metadata.namespace) else { return true }
        guard let job = jobs[key], job.metadata.uid == controller.uid else { return false }
        return job.isForeign || job.end == nil
    }

    private func reconcile(_ key: ObjectKey) async throws -> Reconciler<ObjectKey>.Outcome {
        guard let pod = pods[key], pod.isTracked, !isCounted(pod) else { return .done }
        do throws(ClientError) {
            _ = try await context.client.resource(Pod.self, namespace: key.namespace).patch(
                key.name, .strategicMerge, JobWriter.releasing)
        } catch {
            if !error.isNotFound { throw error }
        }
        return .done
    }
}
