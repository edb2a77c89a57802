internal import CRI
internal import KubernetesAPI

/// Who waits for whom while a pod ends: a sidecar for all regular containers and for the sidecars after it.
struct TerminationOrder: Sendable {
    private let ended: [String: OneShot<Void>]
    private let prerequisites: [String: [String]]

    /// - Parameter running: Names of the containers that run; others have ended already.
    init(_ pod: Pod, running: Set<String>) {
        let names = (pod.spec.initContainers + pod.spec.containers).map(\.name)
        ended = Dictionary(uniqueKeysWithValues: names.map { ($0, OneShot<Void>()) })
        prerequisites = Self.prerequisites(pod)
        for name in names where !running.contains(name) { ended[name]?.set(()) }
    }

    static func prerequisites(_ pod: Pod) -> [String: [String]] {
        let sidecars = pod.sidecars.map(\.name)
        let regular = pod.regularContainerNames
        return Dictionary(uniqueKeysWithValues: sidecars.enumerated().map { ($1, regular + sidecars[($0 + 1)...]) })
    }

    func hasEnded(_ name: String) { ended[name]?.set(()) }

    func waitForTurn(_ name: String) async {
        for other in prerequisites[name] ?? [] { await ended[other]?.wait() }
    }
}
