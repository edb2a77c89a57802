/// Names as an API server makes them of `generateName`.
enum GeneratedName {
    private static let characters = Array("bcdfghjklmnpqrstvwxz2456789")
    private static let randomCount = 5
    /// Of the whole name; the prefix is cut for it (apiserver's SimpleNameGenerator).
    private static let maxCount = 63

    static func make(_ prefix: String) -> String {
        let end = (0..<randomCount).map { _ in characters[Int.random(in: characters.indices)] }
        return String(prefix.prefix(maxCount - randomCount)) + String(end)
    }
}
