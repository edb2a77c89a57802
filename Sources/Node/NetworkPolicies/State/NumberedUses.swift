/// Values that several users share, each with a number that is never used again: names of sets and chains are made of it.
struct NumberedUses<Value: Hashable & Sendable>: Sendable {
    private var entries: [Value: (number: Int, uses: Int)] = [:]
    private var last = 0

    var numbers: [Value: Int] { entries.mapValues(\.number) }
    var all: Dictionary<Value, (number: Int, uses: Int)>.Keys { entries.keys }

    subscript(value: Value) -> Int? { entries[value]?.number }

    /// - Returns: Whether nobody had used it.
    @discardableResult
    mutating func retain(_ value: Value) -> Bool {
        if let entry = entries[value] {
            entries[value] = (entry.number, entry.uses + 1)
            return false
        }
        last += 1
        entries[value] = (last, 1)
        return true
    }

    /// - Returns: The number that nobody uses any more, if this was the last use.
    mutating func release(_ value: Value) -> Int? {
        guard let entry = entries[value] else { preconditionFailure("released more often than retained: \(value)") }
        guard entry.uses == 1 else {
            entries[value] = (entry.number, entry.uses - 1)
            return nil
        }
        entries[value] = nil
        return entry.number
    }
}
