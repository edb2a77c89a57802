/// Finds a few fixed names quickly: a table by length, first and last byte, which seldom coincide among the fields of a
/// type. Hashing a whole name costs several times as much.
struct NameIndex: Sendable {
    private let names: [String]
    /// An index into the names, or -1; a power of two of them.
    private let slots: [Int16]

    /// - Parameter names: Fewer than 32,768. Of equal ones the first counts.
    init(_ names: [String]) {
        self.names = names
        var count = 4
        while count < names.count * 2 { count *= 2 }
        var slots = [Int16](repeating: -1, count: count)
        for (index, name) in names.enumerated() {
            var slot = Self.hash(name) & (count - 1)
            while slots[slot] >= 0, names[Int(slots[slot])] != name { slot = (slot + 1) & (count - 1) }
            if slots[slot] < 0 { slots[slot] = Int16(index) }
        }
        self.slots = slots
    }

    private static func hash(_ name: String) -> Int {
        let bytes = name.utf8
        guard let first = bytes.first, let last = bytes.last else { return 0 }
        return bytes.count &* 5 &+ Int(first) &* 3 &+ Int(last) &* 17
    }

    subscript(name: String) -> Int? {
        var slot = Self.hash(name) & (slots.count - 1)
        while case let index = Int(slots[slot]), index >= 0 {
            if names[index] == name { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
}
