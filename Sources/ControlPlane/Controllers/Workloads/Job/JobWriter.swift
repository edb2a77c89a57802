internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Carries out what a look at a Job decided.
struct JobWriter: Sendable {
    struct Outcome {
        var created = 0
        var deleted: [Pod] = []
        var failure: (any Error)?
    }
    let client: Client
    let events: EventRecorder
    let writtenPods: OwnWrites<Pod>
    let writtenJobs: OwnWrites<Job>

    private var control: PodControl { PodControl(client: client, events: events) }

    func areSeen(for key: ObjectKey) -> Bool { writtenPods.areSeen(for: key) && writtenJobs.areSeen(for: key) }

    func forget(_ key: ObjectKey) {
        writtenPods.forget(key)
        writtenJobs.forget(key)
    }

    func create(_ indexes: [Int?], _ sync: JobSync) async -> Outcome {
        let owner = Owner(sync.job)
        let jobPods = JobPods(sync.job)
        let (created, failure) = await slowStart(indexes.count) { number in
            let index = indexes[number]
            let template = jobPods.template(index: index, predecessor: index.flatMap { sync.predecessors[$0] })
            let pod = try await control.create(template, for: owner) { $0.metadata.generateName = jobPods.generateName(index: index) }
            writtenPods.wrote(pod, for: owner.key)
        }
        if (failure as? ClientError)?.isNamespaceTerminating == true { return Outcome(created: created) }
        return Outcome(created: created, failure: failure)
    }

    func delete(_ pods: [Pod], releasing: Bool, _ owner: Owner) async -> Outcome {
        let deleted = Mutex<[Int]>([])
        let (_, failure) = await together(0..<pods.count) { number in
            let pod = pods[number]
            if releasing, pod.isTracked { try await release(pod, owner) }
            writtenPods.willDelete(pod, for: owner.key)
            do throws(ClientError) { try await control.delete(pod, for: owner) } catch {
                writtenPods.didNotDelete(pod, for: owner.key)
                if !error.isNotFound { throw error }
            }
            deleted.withLock { $0.append(number) }
        }
        return Outcome(deleted: deleted.withLock { $0 }.map { pods[$0] }, failure: failure)
    }

    func writeStatus(_ job: Job) async throws(ClientError) -> Job {
        let answer = try await client.resource(Job.self, namespace: job.metadata.namespace).update(job, subresource: "status")
        writtenJobs.wrote(answer, for: ObjectKey(job))
        return answer
    }

    /// - Returns: The UIDs of those that have it no more.
    func release(_ pods: [Pod], _ owner: Owner) async -> (released: Set<String>, failure: ClientError?) {
        let released = Mutex<Set<String>>([])
        let (_, failure) = await together(0..<pods.count) { number in
            try await release(pods[number], owner)
            released.withLock { _ = $0.insert(pods[number].metadata.uid ?? "") }
        }
        return (released.withLock { $0 }, failure as? ClientError)
    }

    private func release(_ pod: Pod, _ owner: Owner) async throws(ClientError) {
        do throws(ClientError) {
            let answer = try await client.resource(Pod.self, namespace: owner.namespace).patch(
                pod.metadata.name ?? "", .strategicMerge, Self.releasing)
            writtenPods.wrote(answer, for: owner.key)
        } catch {
            if !error.isNotFound { throw error }
        }
    }

    static let releasing: JSONValue = ["metadata": ["$deleteFromPrimitiveList/finalizers": [.string(JobNames.finalizer)]]]
}
