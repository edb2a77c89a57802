/// Changes inputs as a fuzzer does that sees nothing: bits, bytes, pieces of others, numbers at their limits.
package struct Mutator: Sendable {
    private static let pieces: [[UInt8]] = [
        [0xFF], [0x00], [0x7F], [0xC3, 0x28], Array("\\u0000".utf8), Array("\\ud800".utf8), Array("1e999".utf8), Array("-0".utf8),
        Array("9223372036854775808".utf8), Array("[[[[[[[[".utf8), Array("{\"a\":".utf8), Array("null".utf8), Array("~0~1".utf8),
        Array("%2F%00%zz".utf8), Array("- &a *a".utf8), Array("!!binary |".utf8), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    ]
    private var state: UInt64

    /// The same seed makes the same changes.
    package init(seed: UInt64) { state = seed }

    /// One of the inputs with a few changes. The inputs must not be empty.
    package mutating func changed(_ inputs: [[UInt8]]) -> [UInt8] {
        var bytes = inputs[below(inputs.count)]
        for _ in 0...below(6) { change(&bytes, inputs) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ inputs: [[UInt8]]) {
        guard !bytes.isEmpty else { return bytes = Self.pieces[below(Self.pieces.count)] }
        let place = below(bytes.count)
        switch below(6) {
        case 0: bytes[place] = UInt8(below(256))
        case 1: bytes[place] ^= 1 << UInt8(below(8))
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + below(8)))
        case 3: bytes.insert(contentsOf: Self.pieces[below(Self.pieces.count)], at: place)
        case 4:
            let end = min(bytes.count, place + 1 + below(32))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: end)
        default:
            let other = inputs[below(inputs.count)]
            guard !other.isEmpty else { return }
            let start = below(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + below(64))], at: place)
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
