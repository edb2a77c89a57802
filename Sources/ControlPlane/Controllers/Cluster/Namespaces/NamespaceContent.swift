internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient

/// What one pass over a namespace that is going has found and could not do.
struct NamespaceContent: Hashable, Sendable {
    var discoveryProblem: String?
    var problems: [String] = []
    /// Objects still there by resource, which stands as `configmaps.` or `deployments.apps`.
    var remaining: [String: Int] = [:]
    /// Objects still there by the finalizer that holds them.
    var finalizers: [String: Int] = [:]
    /// After so many seconds the rest may have gone by itself; 0 when nothing was found that takes time.
    var estimateSeconds: Int64 = 0

    var isEmpty: Bool { discoveryProblem == nil && problems.isEmpty && remaining.isEmpty }

    mutating func count(_ resource: DiscoveredResource, _ left: [PartialObjectMetadata]) {
        guard !left.isEmpty else { return }
        remaining["\(resource.plural).\(resource.kind.group)"] = left.count
        for finalizer in left.flatMap(\.metadata.finalizers) { finalizers[finalizer, default: 0] += 1 }
    }

    /// The five conditions of a namespace that is going, with upstream's words.
    ///
    /// - Parameter before: Those it has; a condition that stays as it was keeps its time.
    func conditions(after before: [NamespaceCondition], now: Timestamp) -> [NamespaceCondition] {
        let wanted = [
            condition(
                "NamespaceDeletionDiscoveryFailure", discoveryProblem.map { ("DiscoveryFailed", $0) },
                ("ResourcesDiscovered", "All resources successfully discovered")),
            condition(
                "NamespaceDeletionGroupVersionParsingFailure", nil,
                ("ParsedGroupVersions", "All legacy kube types successfully parsed")),
            condition(
                "NamespaceDeletionContentFailure",
                problems.isEmpty
                    ? nil
                    : (
                        "ContentDeletionFailed",
                        "Failed to delete all resource types, \(problems.count) remaining: \(problems.sorted().joined(separator: ", "))"
                    ),
                ("ContentDeleted", "All content successfully deleted, may be waiting on finalization")),
            condition(
                "NamespaceContentRemaining",
                remaining.isEmpty ? nil : ("SomeResourcesRemain", "Some resources are remaining: \(Self.counts(remaining, "has"))"),
                ("ContentRemoved", "All content successfully removed")),
            condition(
                "NamespaceFinalizersRemaining",
                finalizers.isEmpty
                    ? nil
                    : ("SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: \(Self.counts(finalizers, "in"))"),
                ("ContentHasNoFinalizers", "All content-preserving finalizers finished")),
        ]
        let kept = before.filter { old in !wanted.contains { $0.type == old.type } }
        return kept
            + wanted.map { new in
                var new = new
                let old = before.first { $0.type == new.type }
                new.lastTransitionTime = old?.status == new.status ? old?.lastTransitionTime ?? now : now
                return new
            }
    }

    private static func counts(_ counts: [String: Int], _ word: String) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \(word) \($0.value) resource instances" }.joined(separator: ", ")
    }

    private func condition(_ type: String, _ bad: (reason: String, message: String)?, _ good: (reason: String, message: String))
        -> NamespaceCondition
    {
        NamespaceCondition {
            $0.type = type
            $0.status = bad == nil ? "False" : "True"
            $0.reason = (bad ?? good).reason
            $0.message = (bad ?? good).message
        }
    }
}
