/// What a table holds, owner by owner, and the commands that lead from one state to the next. Pure.
package struct RuleState<Owner: Hashable & Comparable & Sendable>: Sendable {
    package typealias Element = RuleFragment.Element
    private var fragments: [Owner: RuleFragment] = [:]
    /// Who wants an element, and what each wants it to lead to: two services may name one external IP, and many have one endpoint.
    private var owners: [Element: [Owner: String]] = [:]

    package init() {}

    /// What an owner has to leave to others that are before it: an external IP, a port.
    package func lostElements(of owner: Owner) -> [(element: Element, owner: Owner)] {
        (fragments[owner]?.elements ?? [:]).compactMap { element, data in
            guard let winner = winner(element), winner.data != data else { return nil }
            return (element, winner.owner)
        }.sorted { $0.element < $1.element }
    }

    /// - Parameter changes: nil for owners that are gone.
    package mutating func change(_ changes: [Owner: RuleFragment?], table: String) -> RuleCommands {
        var text = Text(table: table)
        var touched: [Element: String?] = [:]
        for (owner, wanted) in changes.sorted(by: { $0.key < $1.key }) {
            let old = fragments[owner] ?? RuleFragment()
            let new = wanted ?? RuleFragment()
            guard old != new else { continue }
            text.changeSets(from: old, to: new)
            text.changeChains(from: old, to: new)
            for element in Set(old.elements.keys).union(new.elements.keys) {
                if touched[element] == nil { touched[element] = .some(winner(element)?.data) }
                owners[element, default: [:]][owner] = new.elements[element]
                if owners[element]?.isEmpty == true { owners[element] = nil }
            }
            fragments[owner] = wanted
        }
        for (element, before) in touched.sorted(by: { $0.key < $1.key }) {
            text.changeElement(element, from: before, to: winner(element)?.data)
        }
        return text.commands
    }

    /// Who has an element, and what it leads to: the owner that is first; nil: nobody brings it.
    package func winner(_ element: Element) -> (owner: Owner, data: String)? {
        owners[element]?.min { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Commands of one transaction, and what only a later one can delete: the kernel lets go of a chain's last reference when the transaction is
/// over.
package struct RuleCommands: Hashable, Sendable {
    package var transaction: [String] = []
    package var cleanUp: [String] = []
}

/// Collects commands in the order in which the kernel can take them.
private struct Text {
    let table: String
    private var deletedElements: [String: [String]] = [:]
    private var sets: [String] = []
    private var chains: [String] = []
    private var rules: [String] = []
    private var addedElements: [String: [String]] = [:]
    private var deletedChains: [String] = []
    private var deletedSets: [String] = []

    init(table: String) { self.table = table }

    var commands: RuleCommands {
        .init(
            transaction: elements("delete", deletedElements) + sets + chains + rules + elements("add", addedElements),
            cleanUp: deletedChains + deletedSets)
    }

    /// One command for a collection: libnftables takes many elements at once in a fraction of the time of many commands.
    private func elements(_ verb: String, _ all: [String: [String]]) -> [String] {
        all.sorted { $0.key < $1.key }.map { "\(verb) element inet \(table) \($0.key) { \($0.value.joined(separator: ", ")) }" }
    }

    /// What a set's name stands for never changes.
    mutating func changeSets(from old: RuleFragment, to new: RuleFragment) {
        for (name, definition) in new.sets.sorted(by: { $0.key < $1.key }) where old.sets[name] == nil {
            sets.append("add set inet \(table) \(name) { \(definition) }")
        }
        deletedSets += old.sets.keys.filter { new.sets[$0] == nil }.sorted().map { "delete set inet \(table) \($0)" }
    }

    mutating func changeChains(from old: RuleFragment, to new: RuleFragment) {
        for (name, wanted) in new.chains.sorted(by: { $0.key < $1.key }) where old.chains[name] != wanted {
            chains.append(old.chains[name] == nil ? "add chain inet \(table) \(name)" : "flush chain inet \(table) \(name)")
            rules += wanted.map { "add rule inet \(table) \(name) \($0)" }
        }
        for name in old.chains.keys.filter({ new.chains[$0] == nil }).sorted() {
            chains.append("flush chain inet \(table) \(name)")
            deletedChains.append("delete chain inet \(table) \(name)")
        }
    }

    mutating func changeElement(_ element: RuleFragment.Element, from old: String?, to new: String?) {
        guard old != new else { return }
        if old != nil { deletedElements[element.collection, default: []].append(element.key) }
        guard let new else { return }
        addedElements[element.collection, default: []].append(new.isEmpty ? element.key : "\(element.key) : \(new)")
    }
}
