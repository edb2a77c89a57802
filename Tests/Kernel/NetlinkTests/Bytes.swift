/// Bytes written by hand as a little-endian kernel sends them: `"10 00 0000 | 05"`, blanks and bars being for the reader.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.filter(\.isHexDigit))
    precondition(digits.count % 2 == 0, "two digits make a byte")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
}

/// The other way, for messages of failed expectations.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

/// A veth's RTM_NEWLINK as Linux 6.18 sends it, shortened to the attributes that matter: index 7, up, named swl0.
let recordedLink = bytes(
    """
    70000000 1000 0000 01000000 00000000
    00 00 0100 07000000 43100100 00000000
    0900 0300 73776c30 00 000000
    0800 0400 dc050000
    0a00 0100 0a580af40002 0000
    0800 0a00 03000000
    0800 0500 02000000
    0800 2500 01000000
    0800 1b00 05000080
    1000 1280 0900 0100 76657468 00 000000
    """)
