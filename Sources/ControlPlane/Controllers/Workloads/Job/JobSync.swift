internal import APIMachinery
internal import KubernetesAPI

/// One look at a Job, in three steps between which the controller writes: what to do with pods, what to note before finished pods lose
/// their finalizers, what to note after. Each step is a pure function of the objects and of what the writes came to.
///
/// A finished pod is counted once: its UID stands in the status before its finalizer goes, and the number rises after that.
struct JobSync {
    private(set) var original: Job
    var job: Job
    let pods: [Pod]
    let active: [Pod]
    let now: Timestamp
    /// Pods that have ended and are not counted.
    let newSucceeded: [Pod]
    let newFailed: [Pod]
    var backoff: JobBackoff
    private(set) var succeeded: Int
    private(set) var failed: Int
    private(set) var succeededBefore = CompletionIndexes()
    private(set) var succeededIndexes = CompletionIndexes()
    private(set) var failedIndexes = CompletionIndexes()
    /// Why the Job is over, or about to be.
    var verdict: JobCondition?
    /// For each index, the failed pod that its next one takes the count from.
    private(set) var predecessors: [Int: Pod] = [:]
    var activeCount: Int
    var readyCount: Int
    var terminatingCount: Int
    /// When to look again.
    var again: Duration?

    init(_ job: Job, pods: [Pod], backoff: JobBackoff?, now: Timestamp) {
        var job = job
        original = job
        if job.status.uncountedTerminatedPods == nil { job.status.uncountedTerminatedPods = UncountedTerminatedPods() }
        let uncounted = job.status.uncountedTerminatedPods ?? UncountedTerminatedPods()
        let active = pods.filter(\.isActive)
        if job.status.startTime == nil, !job.isSuspended { job.status.startTime = now.truncatedToSeconds }
        self.pods = pods
        self.active = active
        self.now = now
        func new(_ known: [String], _ isEnd: (Pod) -> Bool) -> [Pod] {
            pods.filter { pod in
                pod.isTracked && !known.contains(pod.metadata.uid ?? "") && isEnd(pod) && (!job.isIndexed || pod.validIndex(of: job) != nil)
            }
        }
        newSucceeded = new(uncounted.succeeded) { $0.hasSucceeded }
        newFailed = new(uncounted.failed) { $0.hasFailed(for: job) }
        succeeded = Int(job.status.succeeded ?? 0) + newSucceeded.count + uncounted.succeeded.count
        let policy = job.spec.podFailurePolicy
        failed = Int(job.status.failed ?? 0) + newFailed.count { policy?.verdict(on: $0).counts ?? true } + uncounted.failed.count
        self.backoff = backoff ?? JobBackoff(pods, job: job)
        self.backoff.add(succeeded: newSucceeded, failed: newFailed)
        activeCount = active.count
        readyCount = active.count(where: \.isReady)
        terminatingCount = pods.count(where: \.isTerminating)
        self.job = job
        if job.isIndexed { countIndexes() }
        verdict = earlierVerdict() ?? limitVerdict() ?? indexVerdict()
    }

    private mutating func countIndexes() {
        let completions = job.completions ?? 0
        succeededBefore = CompletionIndexes(parsing: job.status.completedIndexes ?? "", completions: completions)
        succeededIndexes = succeededBefore.union(pods.filter { $0.hasSucceeded && $0.isTracked }.compactMap { $0.validIndex(of: job) })
        succeeded = succeededIndexes.count
        guard job.hasLimitPerIndex else { return }
        failedIndexes = CompletionIndexes(parsing: job.status.failedIndexes ?? "", completions: completions)
            .union(pods.filter { $0.isTracked && endsIndex($0) }.compactMap { $0.validIndex(of: job) })
        findPredecessors()
    }

    /// No other pod will be made for its index.
    private func endsIndex(_ pod: Pod) -> Bool {
        guard pod.hasFailed(for: job) else { return false }
        let verdict = job.spec.podFailurePolicy?.verdict(on: pod)
        if verdict?.action == .failIndex { return true }
        return verdict?.counts ?? true && pod.indexFailures.counted >= Int(job.spec.backoffLimitPerIndex ?? 0)
    }

    private mutating func findPredecessors() {
        let activeIndexes = Set(active.compactMap(\.completionIndex))
        for pod in pods where pod.isTracked && pod.hasFailed(for: job) {
            guard let index = pod.validIndex(of: job), !activeIndexes.contains(index), !failedIndexes.contains(index),
                !succeededIndexes.contains(index)
            else { continue }
            if let other = predecessors[index], !Self.isLater(pod, than: other) { continue }
            predecessors[index] = pod
        }
    }

    private static func isLater(_ pod: Pod, than other: Pod) -> Bool {
        let (own, others) = (pod.indexFailures, other.indexFailures)
        let (count, otherCount) = (own.counted + own.ignored, others.counted + others.ignored)
        return count == otherCount ? pod.finishTime > other.finishTime : count > otherCount
    }

    // MARK: Is it over?

    /// What an earlier look found, or the failure policy demands.
    private func earlierVerdict() -> JobCondition? {
        if let met = job.condition(JobNames.Condition.successCriteriaMet) { return met }
        if let target = job.condition(JobNames.Condition.failureTarget) { return target.renamed(JobNames.Condition.failed, at: now) }
        guard let policy = job.spec.podFailurePolicy else { return nil }
        let message = pods.lazy.filter { $0.hasFailed(for: job) }.compactMap { policy.verdict(on: $0).failJobMessage }.first
        return message.map { JobCondition(JobNames.Condition.failureTarget, "PodFailurePolicy", $0, at: now) }
    }

    private mutating func limitVerdict() -> JobCondition? {
        if failed > Int(job.spec.backoffLimit ?? 6) || hasRestartedTooOften {
            return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        }
        guard let deadline = job.spec.activeDeadlineSeconds, let start = job.status.startTime, !job.isSuspended else { return nil }
        let left = start + .seconds(deadline) - now
        if left <= .zero { return failure("DeadlineExceeded", "Job was active longer than specified deadline") }
        lookAgain(after: left)
        return nil
    }

    private var hasRestartedTooOften: Bool {
        guard job.spec.template.spec.restartPolicy == "OnFailure" else { return false }
        let restarts = pods.filter { $0.status.phase == "Running" || $0.status.phase == "Pending" }.reduce(0) { sum, pod in
            (pod.status.initContainerStatuses + pod.status.containerStatuses).reduce(sum) { $0 + Int($1.restartCount) }
        }
        let limit = Int(job.spec.backoffLimit ?? 6)
        return limit == 0 ? restarts > 0 : restarts >= limit
    }

    private func indexVerdict() -> JobCondition? {
        guard job.isIndexed, let completions = job.completions else { return nil }
        if job.hasLimitPerIndex {
            if let most = job.spec.maxFailedIndexes, failedIndexes.count > Int(most) {
                return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
            }
            if !failedIndexes.isEmpty, failedIndexes.count + succeededIndexes.count >= completions {
                return failure("FailedIndexes", "Job has failed indexes")
            }
        }
        return job.spec.successPolicy?.match(succeededIndexes, completions: completions).map {
            JobCondition(JobNames.Condition.successCriteriaMet, "SuccessPolicy", $0, at: now)
        }
    }

    private func failure(_ reason: String, _ message: String) -> JobCondition {
        JobCondition(JobNames.Condition.failureTarget, reason, message, at: now)
    }

    mutating func lookAgain(after delay: Duration) { again = min(again ?? delay, delay) }
}
