import APIMachinery
import KubernetesAPI
import Storage
import Synchronization

/// What must hold after every single write, whatever happens: looked at where commits are made.
final class Invariants: Sendable {
    private struct PodFacts {
        var owner: String
        var isAvailable: Bool
        var isActive: Bool
        /// Of an indexed Job.
        var index: String?
        var revisionHash: String?
    }
    private struct Promise {
        var minAvailable: Int
        /// From when on it is kept: once it was reached.
        var isReached = false
    }
    private struct State {
        var pods: [String: PodFacts] = [:]
        /// ReplicaSets → their Deployment.
        var deployments: [String: String] = [:]
        var promises: [String: Promise] = [:]
        var podsMax: Int?
        var problems: [String] = []
        var looks = 0
    }
    private let state = Mutex(State())

    var problems: [String] { state.withLock { $0.problems } }
    /// How many writes were looked at.
    var looks: Int { state.withLock { $0.looks } }

    /// From now on a Deployment has so many pods available, once it has had them.
    func promise(_ minAvailable: Int?, of deployment: String) {
        state.withLock { $0.promises[deployment] = minAvailable.map { Promise(minAvailable: $0) } }
    }

    /// Pods of the namespace that have not ended are never more.
    func limitPods(to count: Int?) { state.withLock { $0.podsMax = count } }

    func see(_ events: [StorageEvent], at now: Duration) {
        state.withLock { state in
            for event in events {
                if event.key.hasPrefix("/registry/core/pods/") || event.key.hasPrefix("/registry/pods/") {
                    state.pods[event.key] = event.kind == .deleted ? nil : Self.facts(event)
                } else if event.key.contains("/replicasets/"), event.kind != .deleted,
                    let json = try? JSONValue(parsing: event.value),
                    let owner = json["metadata"]?["ownerReferences"]?[0]?["name"]?.stringValue
                {
                    state.deployments[json["metadata"]?["name"]?.stringValue ?? ""] = owner
                }
                state.looks += 1
                Self.check(&state, now)
            }
        }
    }

    private static func facts(_ event: StorageEvent) -> PodFacts? {
        guard let json = try? JSONValue(parsing: event.value), event.key.contains("/ns/") else { return nil }
        let phase = json["status"]?["phase"]?.stringValue ?? ""
        let isDeleted = json["metadata"]?["deletionTimestamp"] != nil
        let isReady = json["status"]?["conditions"]?.arrayValue?.contains { $0["type"] == "Ready" && $0["status"] == "True" } ?? false
        let hasEnded = ["Succeeded", "Failed"].contains(phase)
        return PodFacts(
            owner: json["metadata"]?["ownerReferences"]?[0]?["name"]?.stringValue ?? "", isAvailable: isReady && !isDeleted,
            isActive: !hasEnded && !isDeleted,
            index: json["metadata"]?["annotations"]?["batch.kubernetes.io/job-completion-index"]?.stringValue,
            revisionHash: json["metadata"]?["labels"]?["pod-template-hash"]?.stringValue)
    }

    private static func check(_ state: inout State, _ now: Duration) {
        for (deployment, promise) in state.promises {
            let available = state.pods.values.count { $0.isAvailable && state.deployments[$0.owner] == deployment }
            if available >= promise.minAvailable {
                state.promises[deployment]?.isReached = true
            } else if promise.isReached {
                note("\(now): \(available) pods of \(deployment) are available, \(promise.minAvailable) are promised", &state)
            }
        }
        var indexes: Set<String> = []
        for pod in state.pods.values where pod.isActive {
            guard let index = pod.index, !indexes.insert("\(pod.owner) \(index)").inserted else { continue }
            note("\(now): two pods of job \(pod.owner) have the index \(index)", &state)
        }
        let active = state.pods.values.count { $0.isActive }
        if let limit = state.podsMax, active > limit { note("\(now): \(active) pods, the quota is \(limit)", &state) }
    }

    private static func note(_ problem: String, _ state: inout State) {
        if state.problems.count < 20 { state.problems.append(problem) }
    }
}
