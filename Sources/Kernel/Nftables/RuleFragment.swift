/// What one owner (a service, a policy, a pod) adds to a table. Names of chains and sets are its own; keys of elements may be those of others
/// as well.
package struct RuleFragment: Hashable, Sendable {
    package struct Element: Hashable, Sendable, Comparable {
        /// Of the map or set.
        package var collection: String
        /// As nft(8) writes it: `10.96.0.1 . tcp . 443`.
        package var key: String

        package init(collection: String, key: String) { (self.collection, self.key) = (collection, key) }

        package static func < (left: Element, right: Element) -> Bool { (left.collection, left.key) < (right.collection, right.key) }
    }

    /// Rules by chain, in their order.
    package var chains: [String: [String]] = [:]
    /// Definitions by set: what stands between its braces.
    package var sets: [String: String] = [:]
    /// What a map's elements lead to; empty for elements of sets.
    package var elements: [Element: String] = [:]

    package init(chains: [String: [String]] = [:], sets: [String: String] = [:], elements: [Element: String] = [:]) {
        (self.chains, self.sets, self.elements) = (chains, sets, elements)
    }

    package var isEmpty: Bool { chains.isEmpty && sets.isEmpty && elements.isEmpty }

    package mutating func add(_ other: RuleFragment) {
        chains.merge(other.chains) { first, _ in first }
        sets.merge(other.sets) { first, _ in first }
        elements.merge(other.elements) { first, _ in first }
    }
}
