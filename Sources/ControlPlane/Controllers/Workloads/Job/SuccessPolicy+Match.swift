internal import KubernetesAPI

extension SuccessPolicy {
    /// Why the Job counts as successful, though not everything may have succeeded.
    func match(_ succeeded: CompletionIndexes, completions: Int) -> String? {
        guard !succeeded.isEmpty else { return nil }
        let index = rules.firstIndex { rule in
            if let text = rule.succeededIndexes {
                let required = CompletionIndexes(parsing: text, completions: completions)
                return succeeded.intersectionCount(required) >= rule.succeededCount.map { Int($0) } ?? required.count
            }
            return rule.succeededCount.map { succeeded.count >= Int($0) } ?? false
        }
        return index.map { "Matched rules at index \($0)" }
    }
}
