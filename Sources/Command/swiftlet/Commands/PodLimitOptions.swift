import ArgumentParser
internal import Kubelet

/// What a node's owner allows each pod, whatever the pod says; the names are the kubelet's.
struct PodLimitOptions: ParsableArguments {
    @Option(help: "Processes and threads of a pod at once; -1 is the node's own limit (default: -1).")
    var podMaxPids: Int64?

    /// nil: the node's.
    var podPidsLimit: Int64? {
        get throws {
            guard let podMaxPids else { return nil }
            guard podMaxPids == -1 || podMaxPids > 0 else { throw UsageError("--pod-max-pids \(podMaxPids): must be -1 or more than 0") }
            return podMaxPids == -1 ? nil : podMaxPids
        }
    }

    /// Changes an agent's configuration accordingly; what was not said stays.
    ///
    /// - Throws: `UsageError`.
    var configure: @Sendable (inout KubeletConfiguration) -> Void {
        get throws {
            let limit = try podPidsLimit
            guard podMaxPids != nil else { return { _ in } }
            return { $0.podPidsLimit = limit }
        }
    }
}
