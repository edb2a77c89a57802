/// The affinity terms that placed pods have, each once, with the number of pods on each node that have it.
package struct TermCounts<Term: Hashable & Sendable>: Sendable {
    package struct Entry: Sendable {
        package let term: Term
        /// By slot.
        package fileprivate(set) var counts: [Int32]
        fileprivate var total: Int64 = 0
    }
    private var entries: [Entry] = []
    private var indexes: [Term: Int] = [:]

    package var isEmpty: Bool { entries.isEmpty }
    package var all: [Entry] { entries }

    mutating func change(_ terms: [Term], at slot: Int, by step: Int32) {
        for term in terms {
            let index = indexes[term] ?? insert(term)
            while entries[index].counts.count <= slot { entries[index].counts.append(0) }
            entries[index].counts[slot] += step
            entries[index].total += Int64(step)
            if entries[index].total == 0 { remove(at: index) }
        }
    }

    private mutating func insert(_ term: Term) -> Int {
        indexes[term] = entries.count
        entries.append(Entry(term: term, counts: []))
        return entries.count - 1
    }

    private mutating func remove(at index: Int) {
        indexes[entries[index].term] = nil
        let last = entries.removeLast()
        guard index < entries.count else { return }
        entries[index] = last
        indexes[last.term] = index
    }
}
