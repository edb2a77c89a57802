/// Why no node could take a pod.
package struct Diagnosis: Sendable {
    package var nodeCount = 0
    /// By slot, in the order in which nodes were tried.
    package var refusals: [(slot: Int, refusal: Refusal)] = []
    /// A plugin refused the pod before any node was looked at.
    package var preFilter: Refusal?
    /// What plugins that could have made room say.
    package var postFilter = ""
    /// Those whose refusal keeps the pod from being scheduled.
    package var plugins: Set<String> = []

    package init() {}

    /// The sentence that users know from upstream: nodes counted by reason, the counted reasons sorted as texts.
    package var message: String {
        guard nodeCount > 0 else { return "no nodes available to schedule pods" }
        var text = "0/\(nodeCount) nodes are available:"
        if let preFilter {
            text += " \(preFilter.message)."
        } else {
            text += " \(Self.counted(refusals.map(\.refusal)))."
        }
        return postFilter.isEmpty ? text : "\(text) \(postFilter)"
    }

    static func counted(_ refusals: [Refusal]) -> String {
        var counts: [String: Int] = [:]
        for refusal in refusals {
            counts[refusal.reason, default: 0] += 1
            for reason in refusal.moreReasons { counts[reason, default: 0] += 1 }
        }
        return counts.map { "\($0.value) \($0.key)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: ", ")
    }
}
