internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// Brings news of objects to the pods that refer to them: into their volumes, and to workers that wait for them.
struct VolumeRefresher: Sendable {
    let node: NodeServices
    private static let workers = 4
    /// After a failure that nobody will tell the end of.
    private static let retryPeriod = Duration.seconds(10)

    /// Runs until the task is cancelled.
    func run() async {
        let reconciler = Reconciler(queue: node.volumes.refreshes, report: { _, _ in }) { uid in await refresh(uid) }
        await withTaskGroup { group in
            group.addTask {
                for await uid in node.objects.changes() {
                    node.volumes.refreshes.add(uid)
                    node.table[uid]?.wakeUp.wake()
                }
            }
            group.addTask { await reconciler.run(workers: Self.workers) }
        }
    }

    private func refresh(_ uid: PodUID) async -> Reconciler<PodUID>.Outcome {
        guard let entry = node.table[uid] else { return .done }
        let (pod, now) = (entry.pod, node.clock.wallTime)
        let volumes = node.volumes
        do {
            let due = try await node.blocking { try await volumes.refresh(pod, now: now) }
            return due.map { .again(after: max($0 - now, .seconds(1))) } ?? .done
        } catch let errors as VolumeErrors {
            for message in errors.messages { node.events.send(.warning, "FailedMount", message, pod) }
            return errors.all.allSatisfy { $0.retry == .whenChanged } ? .done : .again(after: Self.retryPeriod)
        } catch {
            return .again(after: Self.retryPeriod)
        }
    }
}
