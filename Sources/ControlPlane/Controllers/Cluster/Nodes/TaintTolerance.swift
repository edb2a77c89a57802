internal import APIMachinery
internal import KubernetesAPI

/// Whether a pod may stay on a node with these taints: a pure decision.
enum TaintTolerance: Hashable, Sendable {
    case stay
    /// It is deleted so long after the taints were seen.
    case evict(after: Duration)

    init(_ tolerations: [Toleration], _ taints: [Taint]) {
        let evicting = taints.filter { $0.effect == "NoExecute" }
        var seconds: [Int64] = []
        for taint in evicting {
            let matching = tolerations.filter { $0.tolerates(taint) }
            guard !matching.isEmpty else {
                self = .evict(after: .zero)
                return
            }
            seconds += matching.compactMap(\.tolerationSeconds)
        }
        self = seconds.min().map { .evict(after: .seconds(max(0, $0))) } ?? .stay
    }
}

extension Toleration {
    /// core/v1: an empty key with Exists tolerates all, an empty effect every effect.
    func tolerates(_ taint: Taint) -> Bool {
        if let effect, !effect.isEmpty, effect != taint.effect { return false }
        if let key, !key.isEmpty, key != taint.key { return false }
        switch self.operator ?? "Equal" {
        case "Exists": return true
        case "Equal", "": return !(key ?? "").isEmpty && (value ?? "") == (taint.value ?? "")
        default: return false
        }
    }
}
