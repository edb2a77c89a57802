import ArgumentParser

/// What a node's owner allows each pod, whatever the pod says; the names are the kubelet's.
struct PodLimitOptions: ParsableArguments {
    @Option(help: "Processes and threads of a pod at once; -1 is the node's own limit.")
    var podMaxPids: Int64 = -1

    /// nil: the node's.
    var podPidsLimit: Int64? {
        get throws {
            guard podMaxPids == -1 || podMaxPids > 0 else { throw UsageError("--pod-max-pids \(podMaxPids): must be -1 or more than 0") }
            return podMaxPids == -1 ? nil : podMaxPids
        }
    }
}
