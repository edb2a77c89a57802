internal import APIMachinery

/// Warnings about metadata, which every kind gets.
enum CommonWarnings {
    static func warnings(_ object: JSONField) -> [String] {
        var counts: [String: Int] = [:]
        for owner in object["metadata", "ownerReferences"].items { counts[owner["uid"].string, default: 0] += 1 }
        let duplicates = counts.filter { $0.value > 1 }.keys.sorted()
        guard !duplicates.isEmpty else { return [] }
        return [
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: \(duplicates.joined(separator: ", "))"
        ]
    }
}
