/// Keys are compared by their bytes. Swift's own comparison is of characters: two spellings of `é` are equal to it and two keys to the store.
/// For ASCII, that is nearly always, both are the same, and Swift's is a `memcmp`.
extension String {
    @inlinable public func precedes(_ other: String) -> Bool {
        if utf8Span.isKnownASCII && other.utf8Span.isKnownASCII { return self < other }
        return utf8.lexicographicallyPrecedes(other.utf8)
    }

    @inlinable public func isSame(as other: String) -> Bool {
        if utf8Span.isKnownASCII && other.utf8Span.isKnownASCII { return self == other }
        return utf8.elementsEqual(other.utf8)
    }

    /// `hasPrefix` is of characters too, and says no between a carriage return and a line feed.
    @inlinable public func hasBytePrefix(_ prefix: String) -> Bool {
        let (whole, part) = (utf8Span.span, prefix.utf8Span.span)
        guard whole.count >= part.count else { return false }
        for index in part.indices where whole[index] != part[index] { return false }
        return true
    }
}
