internal import APIMachinery

/// An IP address: `ip('10.0.0.1')`.
struct CELIP: OpaqueRepresentable {
    static let typeName = "net.IP"
    let address: IPAddress

    init(_ address: IPAddress) { self.address = address }

    init(_ text: String) throws(CELEvaluationError) {
        let problem = { (text: String) in CELEvaluationError(text) }
        if text.contains("%") { throw problem("IP address with zone value is not allowed") }
        guard let address = IPAddress(text) else {
            throw problem(
                "IP Address \(text.quoted) parse error during conversion from string: ParseAddr(\(text.quoted)): unable to parse IP")
        }
        if address.isMappedIPv4 { throw problem("IPv4-mapped IPv6 address is not allowed") }
        self.address = address
    }

    private var bytes: [UInt8] { address.bytes }
    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
    var isLoopback: Bool { address.isIPv4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 }
    private var isMulticast: Bool { address.isIPv4 ? bytes[0] & 0xf0 == 0xe0 : bytes[0] == 0xff }
    var isLinkLocalMulticast: Bool {
        address.isIPv4 ? bytes.starts(with: [224, 0, 0]) : bytes[0] == 0xff && bytes[1] & 0x0f == 0x02
    }
    var isLinkLocalUnicast: Bool { address.isIPv4 ? bytes.starts(with: [169, 254]) : bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 }
    var isGlobalUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && bytes != [255, 255, 255, 255]
    }
}

/// A range of addresses: `cidr('10.0.0.0/8')`.
struct CELCIDR: OpaqueRepresentable {
    static let typeName = "net.CIDR"
    let address: IPAddress
    let prefixLength: Int

    init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    init(_ text: String) throws(CELEvaluationError) {
        func failure(_ problem: String) -> CELEvaluationError {
            CELEvaluationError(
                "network address parse error during conversion from string: network address \(text.quoted) parse error: \(problem)")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])) else {
            throw failure("netip.ParsePrefix(\(text.quoted)): no '/'")
        }
        if address.isMappedIPv4 { throw failure("IPv4-mapped IPv6 address is not allowed") }
        let digits = parts[1].utf8
        guard !digits.isEmpty, digits.count <= 3, digits.allSatisfy({ $0 &- 0x30 < 10 }), digits.count == 1 || digits.first != 0x30,
            let length = Int(parts[1]), length <= address.bytes.count * 8
        else { throw failure("netip.ParsePrefix(\(text.quoted)): prefix length out of range") }
        self.init(address: address, prefixLength: length)
    }

    var text: String { "\(address)/\(prefixLength)" }

    var masked: CELCIDR {
        let bytes = address.bytes.enumerated().map { index, byte -> UInt8 in
            let kept = max(0, min(8, prefixLength - index * 8))
            return kept == 0 ? 0 : byte & (0xff << UInt8(8 - kept))
        }
        return CELCIDR(address: IPAddress(bytes: bytes), prefixLength: prefixLength)
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.isIPv4 == address.isIPv4 else { return false }
        return CELCIDR(address: other, prefixLength: prefixLength).masked == masked
    }

    func contains(_ other: CELCIDR) -> Bool { other.prefixLength >= prefixLength && contains(other.masked.address) }
}

extension IPAddress {
    fileprivate var isMappedIPv4: Bool { !isIPv4 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff }
}

extension Libraries {
    static func addAddresses(_ table: inout FunctionTable) {
        table.global("ip") { (text: String) in try CELIP(text) }
        table.global("isIP") { (text: String) in (try? CELIP(text)) != nil }
        table.global("ip.isCanonical") { (text: String) in try CELIP(text).address.description == text }
        table.global("string") { (value: CELIP) in value.address.description }
        table.member("family") { (value: CELIP) in value.address.isIPv4 ? Int64(4) : 6 }
        table.member("isUnspecified") { (value: CELIP) in value.isUnspecified }
        table.member("isLoopback") { (value: CELIP) in value.isLoopback }
        table.member("isLinkLocalMulticast") { (value: CELIP) in value.isLinkLocalMulticast }
        table.member("isLinkLocalUnicast") { (value: CELIP) in value.isLinkLocalUnicast }
        table.member("isGlobalUnicast") { (value: CELIP) in value.isGlobalUnicast }
        addRanges(&table)
    }

    private static func addRanges(_ table: inout FunctionTable) {
        table.global("cidr") { (text: String) in try CELCIDR(text) }
        table.global("isCIDR") { (text: String) in (try? CELCIDR(text)) != nil }
        table.global("string") { (value: CELCIDR) in value.text }
        table.member("containsIP") { (range: CELCIDR, value: CELIP) in range.contains(value.address) }
        table.member("containsIP") { (range: CELCIDR, text: String) in range.contains(try CELIP(text).address) }
        table.member("containsCIDR") { (range: CELCIDR, value: CELCIDR) in range.contains(value) }
        table.member("containsCIDR") { (range: CELCIDR, text: String) in range.contains(try CELCIDR(text)) }
        table.member("ip") { (range: CELCIDR) in CELIP(range.address) }
        table.member("masked") { (range: CELCIDR) in range.masked }
        table.member("prefixLength") { (range: CELCIDR) in Int64(range.prefixLength) }
    }
}
