extension CELValue {
    /// Numbers are compared by their amount, whatever their type; values of other types differ.
    package func equals(_ other: CELValue) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let one), .bool(let two)): return one == two
        case (.int(let one), .int(let two)): return one == two
        case (.string(let one), .string(let two)): return one.utf8.elementsEqual(two.utf8)
        case (.bytes(let one), .bytes(let two)): return one == two
        case (.timestamp(let one), .timestamp(let two)): return one == two
        case (.duration(let one), .duration(let two)): return one == two
        case (.list(let one), .list(let two)): return one.equals(two)
        case (.map(let one), .map(let two)): return one.equals(two)
        case (.type(let one), .type(let two)): return one.runtimeName == two.runtimeName
        case (.optional(nil), .optional(nil)): return true
        case (.optional(let one?), .optional(let two?)): return one.equals(two)
        case (.opaque(let one), .opaque(let two)): return one.celTypeName == two.celTypeName && one.isEqual(to: two)
        default: return compareNumbers(other) == .some(.equal)
        }
    }

    enum Ordering: Int, Sendable {
        case less = -1
        case equal = 0
        case greater = 1

        init<T: Comparable>(_ one: T, _ two: T) { self = one < two ? .less : one == two ? .equal : .greater }
        var reversed: Ordering { self == .less ? .greater : self == .greater ? .less : .equal }
    }

    /// - Returns: nil when one of the two is no number or not a number.
    private func compareNumbers(_ other: CELValue) -> Ordering? {
        switch (self, other) {
        case (.int(let one), .int(let two)): Ordering(one, two)
        case (.uint(let one), .uint(let two)): Ordering(one, two)
        case (.double(let one), .double(let two)): one.isNaN || two.isNaN ? nil : Ordering(one, two)
        case (.int(let one), .uint(let two)): one < 0 ? .less : Ordering(UInt64(one), two)
        case (.uint, .int), (.uint, .double), (.int, .double): other.compareNumbers(self)?.reversed
        case (.double(let one), .int(let two)): Self.compare(one, two)
        case (.double(let one), .uint(let two)): Self.compare(one, two)
        default: nil
        }
    }

    private static func compare<Whole: FixedWidthInteger>(_ one: Double, _ two: Whole) -> Ordering? {
        if one.isNaN { return nil }
        if one < Double(Whole.min) { return .less }
        // The largest whole number itself rounds up to the next power of two.
        if one >= Double(Whole.max) { return .greater }
        let whole = Whole(one.rounded(.down))
        if whole != two { return Ordering(whole, two) }
        return one == one.rounded(.down) ? .equal : .greater
    }

    /// - Returns: nil when the two have no order.
    func compare(_ other: CELValue) -> Ordering? {
        switch (self, other) {
        case (.bool(let one), .bool(let two)): Ordering(one ? 1 : 0, two ? 1 : 0)
        case (.string(let one), .string(let two)):
            one.utf8.elementsEqual(two.utf8) ? .equal : one.utf8.lexicographicallyPrecedes(two.utf8) ? .less : .greater
        case (.bytes(let one), .bytes(let two)): one == two ? .equal : one.lexicographicallyPrecedes(two) ? .less : .greater
        case (.timestamp(let one), .timestamp(let two)): Ordering(one, two)
        case (.duration(let one), .duration(let two)): Ordering(one, two)
        default: compareNumbers(other)
        }
    }
}
