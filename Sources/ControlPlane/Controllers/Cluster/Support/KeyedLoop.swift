internal import KubernetesAPI
internal import KubernetesClient

/// Reconciles objects by their keys. A conflict is no news: somebody else wrote, and the watch brings it.
struct KeyedLoop<Key: Hashable & Sendable>: Sendable {
    let queue: WorkQueue<Key>
    private let context: ControllerContext
    private let reconcile: @Sendable (Key) async throws -> Reconciler<Key>.Outcome

    init(
        _ context: ControllerContext, queue: WorkQueue<Key>,
        reconcile: @escaping @Sendable (Key) async throws -> Reconciler<Key>.Outcome
    ) {
        self.context = context
        self.queue = queue
        self.reconcile = reconcile
    }

    /// Works until the task is cancelled, from when all informers have their first list.
    func run(workers: Int = 5) async {
        await context.informers.waitForSync()
        await work(workers: workers)
    }

    /// Works until the task is cancelled, without waiting for informers.
    func work(workers: Int) async {
        let report = context.report
        let loop = Reconciler(
            queue: queue,
            report: { key, error in
                if (error as? ClientError)?.isConflict != true, !(error is StillWaiting) { report("\(key): \(error)") }
            }, reconcile: reconcile)
        await loop.run(workers: workers)
    }
}

/// Nothing went wrong, but the object is to be looked at again, later each time.
struct StillWaiting: Error {}

/// Runs what ought to leave nothing: an object that is gone already is as good.
func ignoringAbsence(_ body: () async throws(ClientError) -> Void) async throws(ClientError) {
    do throws(ClientError) { try await body() } catch {
        if !error.isNotFound { throw error }
    }
}

extension ObjectReference {
    /// Names an object in an Event.
    init(_ object: some KubernetesObject) {
        self.init()
        let kind = type(of: object).groupVersionKind
        apiVersion = kind.apiVersion
        self.kind = kind.kind
        namespace = object.metadata.namespace
        name = object.metadata.name
        uid = object.metadata.uid
        resourceVersion = object.metadata.resourceVersion
    }
}
