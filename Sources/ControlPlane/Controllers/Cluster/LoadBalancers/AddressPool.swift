package import APIMachinery

/// Addresses that load balancers get, written as networks, ranges and single addresses: `192.0.2.0/28,198.51.100.7-198.51.100.9`.
package struct AddressPool: Hashable, Sendable, CustomStringConvertible {
    /// Addresses of one family from the first to the last, as numbers.
    private struct Span: Hashable, Sendable {
        var isIPv4: Bool
        var first: UInt128
        var last: UInt128
    }
    private let spans: [Span]
    package let description: String

    /// - Throws: The part that is no network, range or address.
    package init(parsing text: String) throws(AddressPoolError) {
        let parts = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        guard !parts.isEmpty else { throw AddressPoolError(description: "it names no addresses") }
        var spans: [Span] = []
        for part in parts {
            let span = part.contains("-") ? Self.range(part) : Self.network(part)
            guard let span else {
                throw AddressPoolError(
                    description: "\(part): must be a network (192.0.2.0/28), a range (192.0.2.10-192.0.2.20) or an address")
            }
            spans.append(span)
        }
        self.spans = spans
        description = parts.joined(separator: ",")
    }

    package func contains(_ address: IPAddress) -> Bool {
        let number = Self.number(address)
        return spans.contains { $0.isIPv4 == address.isIPv4 && ($0.first...$0.last).contains(number) }
    }

    /// The first address of a family that is not taken; nil: there is none.
    func firstFree(isIPv4: Bool, except taken: Set<IPAddress>) -> IPAddress? {
        for span in spans where span.isIPv4 == isIPv4 {
            var number = span.first
            while true {
                let address = Self.address(number, isIPv4: isIPv4)
                if !taken.contains(address) { return address }
                if number == span.last { break }
                number += 1
            }
        }
        return nil
    }

    func hasFamily(isIPv4: Bool) -> Bool { spans.contains { $0.isIPv4 == isIPv4 } }

    private static func range(_ text: String) -> Span? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).compactMap { IPAddress(String($0)) }
        guard ends.count == 2, ends[0].isIPv4 == ends[1].isIPv4, number(ends[0]) <= number(ends[1]) else { return nil }
        return Span(isIPv4: ends[0].isIPv4, first: number(ends[0]), last: number(ends[1]))
    }

    /// Of an IPv4 network without the addresses of the network itself and of its broadcasts, where it has these (RFC 3021).
    private static func network(_ text: String) -> Span? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }), parts.count <= 2 else { return nil }
        let width = address.bytes.count * 8
        guard let length = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(length) else { return nil }
        let hosts: UInt128 = length == 0 && width == 128 ? .max : (1 << UInt128(width - length)) - 1
        let first = number(address) & ~hosts
        guard address.isIPv4, length < 31 else { return Span(isIPv4: address.isIPv4, first: first, last: first + hosts) }
        return Span(isIPv4: true, first: first + 1, last: first + hosts - 1)
    }

    private static func number(_ address: IPAddress) -> UInt128 { address.bytes.reduce(0) { $0 << 8 | UInt128($1) } }

    private static func address(_ number: UInt128, isIPv4: Bool) -> IPAddress {
        let count = isIPv4 ? 4 : 16
        return IPAddress(bytes: (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt128(8 * (count - 1 - $0))) })
    }
}

package struct AddressPoolError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
