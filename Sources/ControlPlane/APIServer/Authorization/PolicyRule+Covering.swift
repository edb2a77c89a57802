extension PolicyRule {
    /// What somebody with some rights lacks of others.
    ///
    /// As upstream each right is looked at alone, one verb on one resource of one group: it is held when a single rule holds it.
    ///
    /// - Returns: The rights that are lacking, those of one resource joined again; empty when none are.
    package static func missing(from owned: [PolicyRule], of wanted: [PolicyRule]) -> [PolicyRule] {
        let missing = wanted.flatMap(\.singleRights).filter { right in !owned.contains { $0.covers(right) } }
        return joined(missing)
    }

    /// - Parameter right: A rule of one verb.
    private func covers(_ right: PolicyRule) -> Bool {
        Self.hasAll(verbs, right.verbs) && Self.hasAll(apiGroups, right.apiGroups)
            && right.resources.allSatisfy { coversResource($0) }
            && right.nonResourceURLs.allSatisfy { path in nonResourceURLs.contains { Self.covers(url: $0, path) } }
            && coversNames(right.resourceNames)
    }

    private static func hasAll(_ owned: [String], _ wanted: [String]) -> Bool {
        owned.contains("*") || wanted.allSatisfy { owned.contains($0) }
    }

    private func coversResource(_ resource: String) -> Bool {
        if resources.contains(where: { $0 == "*" || $0 == resource }) { return true }
        guard let slash = resource.firstIndex(of: "/") else { return false }
        return resources.contains("*" + resource[slash...])
    }

    private func coversNames(_ names: [String]) -> Bool {
        if names.isEmpty { return resourceNames.isEmpty }
        return resourceNames.isEmpty || names.allSatisfy { resourceNames.contains($0) }
    }

    private var singleRights: [PolicyRule] {
        let urls = nonResourceURLs.flatMap { url in verbs.map { PolicyRule(verbs: [$0], nonResourceURLs: [url]) } }
        let names = resourceNames.isEmpty ? [nil] : resourceNames.map { Optional($0) }
        let rights = apiGroups.flatMap { group in
            resources.flatMap { resource in
                verbs.flatMap { verb in
                    names.map { name in
                        PolicyRule(
                            verbs: [verb], apiGroups: [group], resources: [resource], resourceNames: name.map { [$0] } ?? [])
                    }
                }
            }
        }
        return rights + urls
    }

    /// Joins the verbs of rules that are the same otherwise.
    private static func joined(_ rules: [PolicyRule]) -> [PolicyRule] {
        var result: [PolicyRule] = []
        var places: [PolicyRule: Int] = [:]
        for rule in rules {
            var key = rule
            key.verbs = []
            if let place = places[key] {
                if !result[place].verbs.contains(rule.verbs[0]) { result[place].verbs.append(rule.verbs[0]) }
            } else {
                places[key] = result.count
                result.append(rule)
            }
        }
        return result
    }
}
