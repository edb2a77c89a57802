internal import APIMachinery
internal import KubernetesAPI

/// How many pods in a row have failed, and when the last did: each failure doubles the wait before the next pod.
struct JobBackoff: Hashable {
    var failures = 0
    var lastFailure: Timestamp?

    init() {}

    /// What the pods that are still there tell: after a restart nothing else does.
    init(_ pods: [Pod], job: Job) {
        add(succeeded: pods.filter(\.hasSucceeded), failed: pods.filter { !$0.isTracked && $0.status.phase == "Failed" })
    }

    mutating func add(succeeded: [Pod], failed: [Pod]) {
        var times = failed.map(\.finishTime).sorted()
        if let success = succeeded.map(\.finishTime).max() {
            times = times.filter { $0 > success }
            if let lastFailure, lastFailure > success {} else { (failures, lastFailure) = (0, nil) }
        }
        failures += times.count
        lastFailure = (times + (lastFailure.map { [$0] } ?? [])).max()
    }

    /// How long until the next pod may be made.
    func remaining(at now: Timestamp) -> Duration {
        guard let lastFailure else { return .zero }
        return Self.remaining(failures: failures, since: lastFailure, at: now)
    }

    static func remaining(failures: Int, since last: Timestamp, at now: Timestamp) -> Duration {
        guard failures > 0 else { return .zero }
        // Beyond six doublings the longest holds.
        let wait = min(JobNames.backoffFirst * (1 << min(failures - 1, 10)), JobNames.backoffLongest)
        return max(.zero, last + wait - now)
    }
}
