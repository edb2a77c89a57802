internal import APIMachinery

/// A network that is cut into parts of one size, one for each node.
struct AddressRange: Hashable, Sendable {
    private let base: [UInt8]
    private let prefixBits: Int
    private let nodeBits: Int

    /// - Parameters:
    ///   - text: `10.244.0.0/16`.
    ///   - nodeBits: The length of a part's prefix; nil for 24, or 64 of IPv6.
    init?(_ text: String, nodeBits: Int? = nil) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let bits = Int(parts[1]), bits >= 0 else { return nil }
        let nodeBits = nodeBits ?? max(bits, address.isIPv4 ? 24 : 64)
        guard bits <= nodeBits, nodeBits <= address.bytes.count * 8, nodeBits - bits <= 16 else { return nil }
        base = Self.masked(address.bytes, bits)
        prefixBits = bits
        self.nodeBits = nodeBits
    }

    var isIPv4: Bool { base.count == 4 }
    var count: Int { 1 << (nodeBits - prefixBits) }

    /// The part of a number: `10.244.3.0/24`.
    subscript(index: Int) -> String {
        var bytes = base
        for bit in 0..<(nodeBits - prefixBits) where index >> bit & 1 == 1 {
            let position = nodeBits - 1 - bit
            bytes[position / 8] |= 0x80 >> UInt8(position % 8)
        }
        return "\(IPAddress(bytes: bytes))/\(nodeBits)"
    }

    /// The numbers of the parts that have addresses of a network, `10.244.3.0/25`; nil when there are none, or it is no network.
    func parts(of network: String) -> ClosedRange<Int>? {
        let words = network.split(separator: "/")
        guard words.count == 2, let address = IPAddress(String(words[0])), address.bytes.count == base.count,
            let bits = Int(words[1]), (0...base.count * 8).contains(bits)
        else { return nil }
        let shared = min(bits, prefixBits)
        guard Self.masked(address.bytes, shared) == Self.masked(base, shared) else { return nil }
        guard bits > prefixBits else { return 0...(count - 1) }
        let first = Self.number(address.bytes, from: prefixBits, to: nodeBits)
        guard bits < nodeBits else { return first...first }
        let width = 1 << (nodeBits - bits)
        return (first & ~(width - 1))...(first | (width - 1))
    }

    /// The number that some bits of an address make.
    private static func number(_ bytes: [UInt8], from: Int, to: Int) -> Int {
        (from..<to).reduce(0) { $0 << 1 | Int(bytes[$1 / 8] >> UInt8(7 - $1 % 8) & 1) }
    }

    private static func masked(_ bytes: [UInt8], _ bits: Int) -> [UInt8] {
        bytes.indices.map { index in
            let kept = min(8, max(0, bits - index * 8))
            return kept == 0 ? 0 : bytes[index] & ~(kept == 8 ? 0 : 0xFF >> UInt8(kept))
        }
    }
}
