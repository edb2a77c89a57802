/// Finds what is wrong with base64 text, by the byte that Go's decoder names.
enum Base64Check {
    /// - Throws: `illegal base64 data at input byte N`.
    static func check(_ text: String) throws(DecodingFailure) {
        let bytes = Array(text.utf8)
        var count = 0
        var index = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: "=") {
            // Line ends are skipped, as Go does.
            if bytes[index] != 10, bytes[index] != 13 {
                guard isDigit(bytes[index]) else { throw failure(index) }
                count += 1
            }
            index += 1
        }
        let rest = count % 4
        let padding = bytes[index...].filter { $0 != 10 && $0 != 13 }
        if padding.isEmpty {
            if rest != 0 { throw failure(bytes.count - rest) }
            return
        }
        guard rest >= 2 else { throw failure(index) }
        guard padding.count == 4 - rest, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            throw failure(min(bytes.count, index + 4 - rest))
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (byte &- 0x30) < 10 || ((byte | 0x20) &- 0x61) < 26 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
    }

    private static func failure(_ index: Int) -> DecodingFailure {
        DecodingFailure(message: "illegal base64 data at input byte \(index)")
    }
}
