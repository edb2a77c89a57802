internal import APIMachinery

/// IPv4 addresses of a range, each given to one at a time, the one that was free longest first.
struct AddressPool: Sendable {
    private let base: UInt32
    private let size: UInt32
    private var used: Set<UInt32> = []
    private var last: UInt32 = 0

    /// - Parameters:
    ///   - base: The address before the first.
    ///   - size: How many there are.
    init(after base: UInt32, size: UInt32) {
        self.base = base
        self.size = size
    }

    /// - Returns: nil when all are in use.
    mutating func take() -> String? {
        guard used.count < size else { return nil }
        repeat { last = last % size + 1 } while used.contains(last)
        used.insert(last)
        return Self.text(base + last)
    }

    /// One of this range is in use, by what was there before.
    mutating func reserve(_ address: String) {
        if let number = number(of: address) { used.insert(number) }
    }

    mutating func release(_ address: String) {
        if let number = number(of: address) { used.remove(number) }
    }

    private func number(of address: String) -> UInt32? {
        guard let bytes = IPAddress(address)?.bytes, bytes.count == 4 else { return nil }
        let value = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return value > base && value - base <= size ? value - base : nil
    }

    private static func text(_ value: UInt32) -> String { "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)" }
}
