/// Finds the name that was probably meant.
enum NearestName {
    /// - Returns: The known name with the fewest edits away, at most one for every three characters; nil when none is near.
    static func find(_ name: String, among known: [String]) -> String? {
        if let other = known.first(where: { $0.lowercased() == name.lowercased() }) { return other }
        let limit = max(1, name.utf8.count / 3)
        let distances = known.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }), nearest.distance <= limit else { return nil }
        return nearest.name
    }

    /// Insertions, deletions and replacements that turn one into the other (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let replaced = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
