internal import APIMachinery
internal import KubernetesAPI

/// The second and third step: finished pods are noted, let go, counted; then the Job may end.
extension JobSync {
    /// What to note before the finalizers go.
    ///
    /// - Returns: The pods to take the finalizer from; and whether all finished pods are among them.
    mutating func note() -> (finished: [Pod], isAll: Bool) {
        job.status.active = activeCount == 0 ? nil : Int32(activeCount)
        job.status.ready = Int32(readyCount)
        job.status.terminating = Int32(terminatingCount)
        count(without: Set(pods.filter(\.isTracked).compactMap(\.metadata.uid)))
        let result = noteFinished()
        if let verdict, job.condition(verdict.type) == nil {
            switch verdict.type {
            case JobNames.Condition.failureTarget, JobNames.Condition.successCriteriaMet: job.status.conditions.append(verdict)
            default: break
            }
        }
        return result
    }

    private mutating func noteFinished() -> (finished: [Pod], isAll: Bool) {
        var uncounted = job.status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        var finished: [Pod] = []
        var newIndexes: [Int] = []
        var isAll = true
        for pod in inOrder(pods) where pod.isTracked && mayLetGo(pod) {
            finished.append(pod)
            let (uid, index) = (pod.metadata.uid ?? "", pod.validIndex(of: job))
            if pod.hasSucceeded, !uncounted.failed.contains(uid) {
                if job.isIndexed {
                    if let index, !succeededBefore.contains(index) { newIndexes.append(index) }
                } else if !uncounted.succeeded.contains(uid) {
                    uncounted.succeeded.append(uid)
                }
            } else if countsAsFailed(pod), !uncounted.failed.contains(uid), !job.isIndexed || index != nil {
                uncounted.failed.append(uid)
            }
            // The status must not grow without bound: the rest comes next time.
            if newIndexes.count + uncounted.succeeded.count + uncounted.failed.count >= JobNames.burst {
                isAll = false
                break
            }
        }
        job.status.uncountedTerminatedPods = uncounted
        if job.isIndexed { writeIndexes(newIndexes) }
        return (finished, isAll)
    }

    private mutating func writeIndexes(_ new: [Int]) {
        let indexes = succeededBefore.union(new)
        job.status.succeeded = indexes.isEmpty ? nil : Int32(indexes.count)
        job.status.completedIndexes = indexes.isEmpty ? nil : "\(indexes)"
        if job.hasLimitPerIndex { job.status.failedIndexes = "\(failedIndexes)" }
    }

    private func inOrder(_ pods: [Pod]) -> [Pod] {
        job.isIndexed ? pods.sorted { $0.completionIndex ?? .max < $1.completionIndex ?? .max } : pods
    }

    private func mayLetGo(_ pod: Pod) -> Bool {
        if job.metadata.isBeingDeleted || verdict != nil || pod.hasSucceeded { return true }
        guard pod.hasFailed(for: job) else { return false }
        // The next pod of its index reads the number of failures off it.
        guard job.hasLimitPerIndex, let index = pod.validIndex(of: job) else { return true }
        return predecessors[index]?.metadata.uid != pod.metadata.uid
    }

    private func countsAsFailed(_ pod: Pod) -> Bool {
        let hasFailed = pod.hasFailed(for: job)
        // At the end of a Job that did not succeed every pod has failed.
        guard hasFailed || verdict.map({ $0.type != JobNames.Condition.successCriteriaMet }) ?? false else { return false }
        return job.spec.podFailurePolicy?.verdict(on: pod).counts ?? true
    }

    /// Moves those that have lost their finalizer from the lists to the numbers.
    private mutating func count(without tracked: Set<String>) {
        guard var uncounted = job.status.uncountedTerminatedPods else { return }
        func count(_ uids: inout [String], _ number: inout Int32?) {
            let left = uids.filter { tracked.contains($0) }
            guard left.count < uids.count else { return }
            number = (number ?? 0) + Int32(uids.count - left.count)
            uids = left
        }
        if job.isIndexed { uncounted.succeeded = [] } else { count(&uncounted.succeeded, &job.status.succeeded) }
        count(&uncounted.failed, &job.status.failed)
        job.status.uncountedTerminatedPods = uncounted
    }

    /// What to note when finalizers are gone.
    ///
    /// - Parameters:
    ///   - answer: The Job as the first write left it.
    ///   - released: The UIDs of the pods that have lost theirs.
    ///   - isAll: No finished pod is left over.
    /// - Returns: The event of the end, if this is it: type, reason, message.
    mutating func conclude(_ answer: Job, released: Set<String>, isAll: Bool) -> (type: String, reason: String, message: String)? {
        job = answer
        count(without: Set(pods.filter(\.isTracked).compactMap(\.metadata.uid)).subtracting(released))
        let uncounted = job.status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        guard let verdict, isAll, uncounted.succeeded.isEmpty, uncounted.failed.isEmpty, terminatingCount == 0 else { return nil }
        let hasSucceeded = verdict.type == JobNames.Condition.successCriteriaMet
        let end = verdict.renamed(hasSucceeded ? JobNames.Condition.complete : JobNames.Condition.failed, at: now)
        job.status.conditions.append(end)
        guard hasSucceeded else { return ("Warning", end.reason ?? "", end.message ?? "") }
        job.status.completionTime = end.lastTransitionTime
        return ("Normal", "Completed", "Job completed")
    }
}
