/// A link-layer address of six bytes.
package struct MACAddress: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// Exactly six.
    package let bytes: [UInt8]

    /// Nil unless there are exactly six bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 6 else { return nil }
        self.bytes = bytes
    }

    /// A locally administered unicast address made from an IP address: `0a:58` and its last four bytes.
    ///
    /// One IP address, one MAC: a neighbour's ARP entry stays right when the IP goes to the next pod. (0a:58 is also what the
    /// CNI bridge plug-in puts in front.)
    package init(for address: IPAddress) {
        bytes = [0x0a, 0x58] + address.bytes.suffix(4)
    }

    /// Parses `0a:58:0a:f4:00:02`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.count == 2 && $0.allSatisfy(\.isHexDigit) ? UInt8($0, radix: 16) : nil }
        guard bytes.count == parts.count else { return nil }
        self.init(bytes: bytes)
    }

    package var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
