internal import ContainerRuntime
internal import Glibc
internal import KubernetesAPI
internal import Kubelet

/// Ends pods from another process than their owner: asks the owner and waits until the records show it.
struct PodEnding {
    let records: PodRecords

    /// - Parameter graceSeconds: nil: each pod's own.
    func end(_ pods: [Pod], graceSeconds: Int64?) throws {
        let watch = try DirectoryWatch()
        try watch.add(directory: records.directory)
        var longest: Int64 = 0
        for pod in pods {
            guard PodOwner(of: pod)?.isAlive == true else {
                throw UsageError(
                    "the process that started pod \(pod.metadata.name ?? "") has ended: start the agent again, or remove everything with swiftlet down"
                )
            }
            let grace = graceSeconds ?? pod.terminationGracePeriodSeconds
            longest = max(longest, grace)
            try records.requestEnd(uid: pod.uid, graceSeconds: grace)
        }
        var waiting = Set(pods.map(\.uid))
        let deadline = ContinuousClock.now + .seconds(longest + 30)
        while true {
            waiting.formIntersection(try records.all(report: { _ in }).map(\.uid))
            if waiting.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                throw UsageError("pods still there after \(longest + 30) s: \(waiting.sorted().joined(separator: ", "))")
            }
            watch.wait(timeoutMilliseconds: 1_000)
        }
    }
}

/// The process that drives a pod, as the pod's record names it.
struct PodOwner {
    var pid: pid_t
    var startTime: String

    static var own: PodOwner { PodOwner(pid: getpid(), startTime: Machine.startTime(of: getpid()) ?? "") }

    init(pid: pid_t, startTime: String) {
        self.pid = pid
        self.startTime = startTime
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".")
        guard parts.count == 2, let pid = pid_t(parts[0]) else { return nil }
        self.init(pid: pid, startTime: String(parts[1]))
    }

    init?(of pod: Pod) { self.init(pod.metadata.annotations[PodRecords.ownerAnnotation] ?? "") }

    var text: String { "\(pid).\(startTime)" }
    var isAlive: Bool { Machine.isAlive(pid: pid, startTime: startTime) }
}
