/// Finds the name that was probably meant.
package enum NearestName {
    /// - Returns: The known name with the fewest edits away, at most one for every three characters; nil when none is near.
    package static func find(_ name: String, among known: [String]) -> String? {
        if let other = known.first(where: { $0.lowercased() == name.lowercased() }) { return other }
        let limit = max(1, name.utf8.count / 3)
        let distances = known.map { (name: $0, distance: distance(Array(name.utf8), Array($0.utf8))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }), nearest.distance <= limit else { return nil }
        return nearest.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other (Damerau-Levenshtein,
    /// optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var least = min(last[j] + (a == b ? 0 : 1), row[j] + 1, last[j + 1] + 1)
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { least = min(least, beforeLast[j - 1] + 1) }
                row.append(least)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
