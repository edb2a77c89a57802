/// Ways to bring a plugin's points into 0...100.
package enum Normalisation {
    package static let highest: Int64 = 100

    /// In proportion to the highest, which becomes 100; reversed it becomes 0, and all get 100 when nobody has a point.
    package static func toMaximum(_ scores: inout [Int64], isReversed: Bool) {
        let maximum = scores.max() ?? 0
        guard maximum > 0 else {
            if isReversed { for index in scores.indices { scores[index] = highest } }
            return
        }
        for index in scores.indices {
            let share = highest * scores[index] / maximum
            scores[index] = isReversed ? highest - share : share
        }
    }
}
