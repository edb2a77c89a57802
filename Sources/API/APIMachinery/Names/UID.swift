/// A random unique id in the form of RFC 9562 (formerly 4122), version 4: `f81d4fae-7dec-4d0a-a765-00a0c91e6bf6`.
package struct UID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// A new id from the kernel's random number generator.
    package static func random() -> UID {
        var generator = SystemRandomNumberGenerator()  // getrandom(2) on Linux
        return UID(high: generator.next(), low: generator.next())
    }

    /// - Parameter high: The first 64 bits; the version's four are overwritten.
    /// - Parameter low: The last 64 bits; the variant's two are overwritten.
    init(high: UInt64, low: UInt64) {
        let high = high & ~0xf000 | 0x4000
        let low = low & ~(0b11 << 62) | 0b10 << 62
        var text = ""
        text.reserveCapacity(36)
        for (index, byte) in (Self.bytes(high) + Self.bytes(low)).enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append("-") }
            if byte < 16 { text.append("0") }
            text.append(String(byte, radix: 16))
        }
        description = text
    }

    private static func bytes(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
    }
}
