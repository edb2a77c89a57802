/// A table of the kernel that is kept as its owners' fragments say, one transaction for each change. One caller at a time.
package struct RuleTable<Owner: Hashable & Comparable & Sendable>: Sendable {
    package let name: String
    private let nftables: Nftables
    private var state = RuleState<Owner>()
    /// Chains and sets that nothing leads to any more, which an earlier clean-up could not delete.
    private var leftOver: [String] = []

    package init(name: String, _ nftables: Nftables = Nftables()) { (self.name, self.nftables) = (name, nftables) }

    /// See ``RuleState/lostElements(of:)``.
    package func lostElements(of owner: Owner) -> [(element: RuleFragment.Element, owner: Owner)] { state.lostElements(of: owner) }

    /// Makes the whole table anew in one transaction: no packet sees a state in between.
    package mutating func replace(_ base: NftablesTable, with fragments: [Owner: RuleFragment]) throws(NftablesError) {
        precondition(base.name == name, "the table \(base.name) is not \(name)")
        var fresh = RuleState<Owner>()
        let commands = fresh.change(fragments.mapValues(Optional.some), table: name)
        try nftables.run(([base.replacement] + commands.transaction).joined(separator: "\n"))
        (state, leftOver) = (fresh, [])
    }

    /// Changes what some owners have in the table; nil: the owner is gone. After an error only ``replace(_:with:)`` leads on: the kernel's table
    /// is as it was, but nothing here knows that state any more.
    package mutating func change(_ changes: [Owner: RuleFragment?]) throws(NftablesError) {
        let commands = state.change(changes, table: name)
        if !commands.transaction.isEmpty { try nftables.run(commands.transaction.joined(separator: "\n")) }
        cleanUp(commands.cleanUp)
    }

    /// Nothing leads to these any more: one that stays does no harm, and is tried again with the next. Sets only after the chains that use them.
    private mutating func cleanUp(_ commands: [String]) {
        let all = leftOver + commands
        guard !all.isEmpty else { return }
        do throws(NftablesError) {
            try nftables.run(all.joined(separator: "\n"))
            leftOver = []
        } catch {
            leftOver = all
        }
    }
}
