internal import APIMachinery
internal import KubernetesAPI

extension Pod {
    /// Has not been counted yet.
    var isTracked: Bool { metadata.finalizers.contains(JobNames.finalizer) }
    var completionIndex: Int? { metadata.annotations[JobNames.completionIndex].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } }

    /// The index, if the Job is indexed and has it.
    func validIndex(of job: Job) -> Int? {
        guard let index = completionIndex, let completions = job.completions, index < completions else { return nil }
        return index
    }

    var hasSucceeded: Bool { status.phase == "Succeeded" }

    /// A pod that is deleted may never be seen to fail: unless replacements wait for the end, it counts as failed at once.
    func hasFailed(for job: Job) -> Bool {
        if status.phase == "Failed" { return true }
        return !job.replacesOnlyFailed && metadata.isBeingDeleted && !hasSucceeded
    }

    /// When the last container ended; or the best that the pod says instead.
    var finishTime: Timestamp {
        if let end = containersEnd { return end }
        if let ready = readyCondition, ready.status == "False", let time = ready.lastTransitionTime { return time }
        if let deletion = metadata.deletionTimestamp { return deletion - .seconds(metadata.deletionGracePeriodSeconds ?? 0) }
        return metadata.creationTimestamp ?? Timestamp(seconds: 0)
    }

    private var containersEnd: Timestamp? {
        let ends = status.containerStatuses.map { $0.state.terminated?.finishedAt }
        return ends.contains { $0 == nil } ? nil : ends.compactMap { $0 }.max()
    }

    /// How often its index had failed before, counted and not counted.
    var indexFailures: (counted: Int, ignored: Int) {
        func number(_ name: String) -> Int { metadata.annotations[name].flatMap { Int($0) } ?? 0 }
        return (number(JobNames.indexFailureCount), number(JobNames.indexIgnoredFailureCount))
    }
}
