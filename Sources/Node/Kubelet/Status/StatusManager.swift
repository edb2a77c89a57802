package import APIMachinery
package import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Tells the API server how the pods are: the newest status of each, many changes in one patch, again and again until it is told.
///
/// Nothing is lost while the server is away, and nothing comes out of order: a pod is written by one at a time, always what is true then.
/// A deleted pod's object is removed once the pod has ended and its last status stands.
final class StatusManager: Sendable {
    /// Writes wait for the disk; those that wait together are written together.
    private static let workerCount = 16
    private static let longestWait = Duration.seconds(10)
    private let client: Client
    private let table: PodTable
    private let objects: KnownPods
    private let queue: WorkQueue<PodUID>
    private let report: @Sendable (String) -> Void

    init(_ client: Client, _ table: PodTable, _ objects: KnownPods, time: any TimeSource, report: @escaping @Sendable (String) -> Void) {
        self.client = client
        self.table = table
        self.objects = objects
        self.report = report
        queue = WorkQueue(time: time, delays: RetryDelays(longest: Self.longestWait))
    }

    /// The pod's status, or its object, may have changed.
    func look(_ uid: PodUID) { queue.add(uid) }

    /// Writes until the task is cancelled.
    func run() async {
        await Reconciler(queue: queue, report: { [report] in report("status of pod \($0): \($1)") }) { uid in
            try await self.reconcile(uid)
            return .done
        }.run(workers: Self.workerCount)
    }

    private func reconcile(_ uid: PodUID) async throws(ClientError) {
        guard let entry = table[uid], let object = objects.object(of: entry) else { return }
        let (status, isTornDown) = entry.with { ($0.mergedStatus, $0.isTornDown) }
        guard status.phase != nil else { return }  // not looked at yet
        do throws(ClientError) {
            let written = try await write(status, to: object)
            guard entry.source == .api, isTornDown, written.isDeleted else { return }
            try await pods(of: object).delete(object.name, gracePeriodSeconds: 0, uid: object.uid)
        } catch {
            // It is gone, or another of its name has come: there is nobody to tell.
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    /// - Returns: The object as the server has it then.
    private func write(_ status: PodStatus, to object: Pod) async throws(ClientError) -> Pod {
        guard let patch = StatusPatch.of(status, for: object) else { return object }
        let written = try await pods(of: object).patch(object.name, .strategicMerge, patch, subresource: "status")
        objects.see(written)
        return written
    }

    private func pods(of object: Pod) -> ResourceClient<Pod> { client.resource(Pod.self, namespace: object.namespace) }
}

/// What turns an object's status into the wanted one.
package enum StatusPatch {
    /// - Returns: A strategic merge patch that holds only for this very object; nil when the status stands already.
    package static func of(_ status: PodStatus, for object: Pod) -> JSONValue? {
        let wanted = PodStatusMerge.merged(status, into: object.status)
        let patch = StrategicMergeDiff().patch(from: object.status.jsonObject, to: wanted.jsonObject, type: "core/v1.PodStatus")
        guard !patch.members.isEmpty else { return nil }
        return ["metadata": ["uid": .string(object.uid)], "status": .object(patch)]
    }
}
