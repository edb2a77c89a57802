/// What one service adds to the proxy's table. Names of chains and sets are its own; keys of elements may be those of others as well.
struct RuleFragment: Hashable, Sendable {
    struct Element: Hashable, Sendable, Comparable {
        /// Of the map or set.
        var collection: String
        /// As nft(8) writes it: `10.96.0.1 . tcp . 443`.
        var key: String

        static func < (left: Element, right: Element) -> Bool { (left.collection, left.key) < (right.collection, right.key) }
    }

    /// Rules by chain, in their order.
    var chains: [String: [String]] = [:]
    /// Definitions by set: what stands between its braces.
    var sets: [String: String] = [:]
    /// What a map's elements lead to; empty for elements of sets.
    var elements: [Element: String] = [:]

    mutating func add(_ other: RuleFragment) {
        chains.merge(other.chains) { first, _ in first }
        sets.merge(other.sets) { first, _ in first }
        elements.merge(other.elements) { first, _ in first }
    }
}
