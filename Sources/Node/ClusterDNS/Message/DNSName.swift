/// A domain name: its labels from left to right, in small letters; RFC 1035, 2.3.1 and 3.1.
struct DNSName: Hashable, Sendable, CustomStringConvertible {
    var labels: [String]

    init(_ labels: [String]) { self.labels = labels }

    /// Reads `web.default.svc.cluster.local`, with or without the last dot.
    init(_ text: String) { labels = text.lowercased().split(separator: ".").map(String.init) }

    /// With the last dot, as zone files have it.
    var description: String { labels.joined(separator: ".") + "." }

    /// The labels left of a suffix; nil when the name is not below it (or it).
    func labels(below suffix: DNSName) -> [String]? {
        guard labels.count >= suffix.labels.count, labels.suffix(suffix.labels.count).elementsEqual(suffix.labels) else { return nil }
        return Array(labels.dropLast(suffix.labels.count))
    }

    func child(_ label: String) -> DNSName { DNSName([label] + labels) }

    /// `1.0.96.10.in-addr.arpa` → the address's bytes; nil for other names.
    var reverseAddress: [UInt8]? {
        if let parts = labels(below: DNSName("in-addr.arpa")), parts.count == 4 {
            let bytes = parts.reversed().compactMap { UInt8($0) }
            return bytes.count == 4 ? bytes : nil
        }
        guard let nibbles = labels(below: DNSName("ip6.arpa")), nibbles.count == 32 else { return nil }
        let values = nibbles.reversed().compactMap { $0.utf8.count == 1 ? UInt8($0, radix: 16) : nil }
        guard values.count == 32 else { return nil }
        return stride(from: 0, to: 32, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }
}
