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
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for digit in 0..<32 {
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 { text.append(UInt8(ascii: "-")) }
            let word = digit < 16 ? high : low
            let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (digit & 15))) & 15
            text.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
        }
        description = String(decoding: text, as: UTF8.self)
    }
}
