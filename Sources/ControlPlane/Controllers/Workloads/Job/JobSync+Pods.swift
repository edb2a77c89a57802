internal import APIMachinery
internal import KubernetesAPI

/// The first step: what to do with pods, and what that comes to.
extension JobSync {
    enum Action: Hashable {
        case nothing
        /// - releasing: Without counting them: the finalizer goes before.
        case delete([Pod], releasing: Bool)
        /// One for each index; nil where the Job has none.
        case create([Int?])
    }

    mutating func action() -> Action {
        if verdict != nil { return active.isEmpty ? .nothing : .delete(active, releasing: false) }
        if job.metadata.isBeingDeleted { return .nothing }
        if job.isSuspended { return active.isEmpty ? .nothing : .delete(active, releasing: true) }
        let wanted = wantedCount
        let surplus = surplusPods(atLeast: max(0, active.count - wanted))
        if !surplus.isEmpty { return .delete(Array(surplus.prefix(JobNames.burst)), releasing: true) }
        let missing = min(wanted - active.count - (job.replacesOnlyFailed ? terminatingCount : 0), JobNames.burst)
        return missing > 0 ? creation(of: missing) : .nothing
    }

    /// How many pods should be active.
    private var wantedCount: Int {
        // Without a number of completions the first success ends the making of pods.
        guard let completions = job.completions else { return succeededCount > 0 ? active.count : job.parallelism }
        return max(0, min(completions - succeededCount, job.parallelism))
    }

    var succeededCount: Int { succeeded }

    /// Pods whose index is invalid or doubled go in any case.
    private func surplusPods(atLeast count: Int) -> [Pod] {
        var (surplus, rest): ([Pod], [Pod]) = ([], active)
        if job.isIndexed {
            rest = []
            for (index, group) in Dictionary(grouping: active, by: { $0.validIndex(of: job) }) {
                if index == nil {
                    surplus += group
                } else {
                    let doubled = DeletionRank.victims(among: group, count: group.count - 1, related: [], at: now)
                    let gone = Set(doubled.compactMap(\.metadata.uid))
                    surplus += doubled
                    rest += group.filter { !gone.contains($0.metadata.uid ?? "") }
                }
            }
        }
        guard surplus.count < count else { return surplus }
        return surplus + DeletionRank.victims(among: rest, count: count - surplus.count, related: [], at: now)
    }

    private mutating func creation(of count: Int) -> Action {
        if !job.hasLimitPerIndex {
            let wait = backoff.remaining(at: now)
            guard wait == .zero else {
                lookAgain(after: wait)
                return .nothing
            }
        }
        guard job.isIndexed, let completions = job.completions else { return .create(Array(repeating: nil, count: count)) }
        var taken = succeededIndexes.union(failedIndexes).union(active.compactMap(\.completionIndex))
        if job.replacesOnlyFailed { taken = taken.union(pods.filter(\.isTerminating).compactMap(\.completionIndex)) }
        var indexes = taken.firstMissing(count, below: completions)
        if job.hasLimitPerIndex { indexes = withoutWaiting(indexes) }
        return indexes.isEmpty ? .nothing : .create(indexes)
    }

    /// Each index has a back-off of its own.
    private mutating func withoutWaiting(_ indexes: [Int]) -> [Int] {
        var ready: [Int] = []
        for index in indexes {
            var wait = Duration.zero
            if let pod = predecessors[index] {
                let failures = pod.indexFailures
                wait = JobBackoff.remaining(failures: failures.counted + failures.ignored + 1, since: pod.finishTime, at: now)
            }
            if wait == .zero { ready.append(index) } else { lookAgain(after: wait) }
        }
        return ready
    }

    /// What the writes of the first step came to.
    ///
    /// - Parameters:
    ///   - created: How many pods were made.
    ///   - deleted: The pods that were deleted.
    /// - Returns: Events to tell: reason and message.
    mutating func didAct(created: Int, deleted: [Pod], failed: Bool) -> [(reason: String, message: String)] {
        activeCount += created - deleted.count
        readyCount -= deleted.count(where: \.isReady)
        terminatingCount += deleted.count
        if verdict != nil {
            // Nothing is over while a pod runs that could not be deleted.
            if activeCount > 0 || failed { verdict = nil }
            return []
        }
        let isComplete = activeCount == 0 && (job.completions.map { succeeded >= $0 } ?? (succeeded > 0))
        if isComplete {
            verdict = JobCondition(
                JobNames.Condition.successCriteriaMet, "CompletionsReached", "Reached expected number of succeeded pods", at: now)
            return []
        }
        return job.metadata.isBeingDeleted ? [] : noteSuspension()
    }

    private mutating func noteSuspension() -> [(reason: String, message: String)] {
        let type = JobNames.Condition.suspended
        let index = job.status.conditions.firstIndex { $0.type == type }
        let wanted = job.isSuspended ? "True" : "False"
        // Never suspended needs no saying.
        guard index != nil || job.isSuspended, index.map({ job.status.conditions[$0].status }) != wanted else { return [] }
        let (reason, message) = job.isSuspended ? ("JobSuspended", "Job suspended") : ("JobResumed", "Job resumed")
        let condition = JobCondition(type, status: wanted, reason, message, at: now)
        if let index { job.status.conditions[index] = condition } else { job.status.conditions.append(condition) }
        // The deadline counts the time that it may run.
        job.status.startTime = job.isSuspended ? nil : now.truncatedToSeconds
        return [(job.isSuspended ? "Suspended" : "Resumed", message)]
    }
}
