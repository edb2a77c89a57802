// The text of addresses: IPv4 dotted decimal as inet_pton(3) takes it, IPv6 as RFC 4291 §2.2 reads and RFC 5952 writes.

extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Parses `10.244.0.1` or `fd00::1` (also `::ffff:10.0.0.1`). No leading zeros in IPv4, no zone, no brackets, no blanks.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        if bytes.contains(UInt8(ascii: ":")) {
            guard let groups = parseV6(bytes[...]) else { return nil }
            self.init(v6: groups.reduce(UInt128(0)) { $0 << 16 | UInt128($1) })
        } else {
            guard let value = parseV4(bytes[...]) else { return nil }
            self.init(v4: value)
        }
    }

    package var description: String {
        switch family {
        case .v4: bytes.map(String.init).joined(separator: ".")
        case .v6: formatV6()
        }
    }

    /// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`.
    private func formatV6() -> String {
        if value >> 32 == 0xffff { return "::ffff:\(IPAddress(v4: UInt32(truncatingIfNeeded: value)))" }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * $0)) }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard let run = longestZeroRun(groups) else { return text(groups[...]) }
        return text(groups[..<run.lowerBound]) + "::" + text(groups[run.upperBound...])
    }
}

/// Four decimal numbers up to 255 with dots between, none with a leading zero.
private func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
        guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
        guard let number = parseNumber(part, radix: 10), number <= 255 else { return nil }
        value = value << 8 | number
    }
    return value
}

/// The eight groups of an IPv6 address.
private func parseV6(_ text: ArraySlice<UInt8>) -> [UInt16]? {
    guard let gap = firstDoubleColon(text) else {
        guard let groups = parseGroups(text), groups.count == 8 else { return nil }
        return groups
    }
    guard let head = parseGroups(text[..<gap], mayEndInV4: false), let tail = parseGroups(text[(gap + 2)...]) else {
        return nil
    }
    guard head.count + tail.count <= 7 else { return nil }
    return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
}

/// Groups of one to four hexadecimal digits with single colons between; the last may be an IPv4 address, which counts as two.
private func parseGroups(_ text: ArraySlice<UInt8>, mayEndInV4: Bool = true) -> [UInt16]? {
    if text.isEmpty { return [] }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
        if part.contains(UInt8(ascii: ".")) {
            guard mayEndInV4, index == parts.count - 1, let v4 = parseV4(part) else { return nil }
            groups += [UInt16(v4 >> 16), UInt16(v4 & 0xffff)]
        } else {
            guard (1...4).contains(part.count), let group = parseNumber(part, radix: 16) else { return nil }
            groups.append(UInt16(group))
        }
    }
    return groups
}

private func firstDoubleColon(_ text: ArraySlice<UInt8>) -> Int? {
    text.indices.dropLast().first { text[$0] == UInt8(ascii: ":") && text[$0 + 1] == UInt8(ascii: ":") }
}

/// Digits only: no sign, no prefix. At most four digits, so no overflow.
private func parseNumber(_ digits: ArraySlice<UInt8>, radix: UInt32) -> UInt32? {
    var value: UInt32 = 0
    for byte in digits {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
        default: return nil
        }
        guard UInt32(digit) < radix else { return nil }
        value = value * radix + UInt32(digit)
    }
    return value
}

private func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start = 0
    for index in 0...groups.count where index == groups.count || groups[index] != 0 {
        if index - start >= 2, index - start > best?.count ?? 0 { best = start..<index }
        start = index + 1
    }
    return best
}
