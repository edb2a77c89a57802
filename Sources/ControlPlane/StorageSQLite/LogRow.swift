/// One change as the log keeps it.
struct LogRow {
    var revision: Int64
    var key: String
    /// The revision that made the object.
    var created: Int64
    /// The key's change before; 0 when it was not there before.
    var previous: Int64
    var isDeleted: Bool
    /// Milliseconds since 1970; 0 for never.
    var expires: Int64
    /// Milliseconds since 1970; not less than the row before.
    var written: Int64
    /// Empty for a deletion.
    var value: [UInt8]

    /// Of everything above. Not against an adversary: against disks.
    var checksum: Int64 {
        var checksum = Checksum()
        for number in [revision, created, previous, isDeleted ? 1 : 0, expires, written] {
            checksum.add(UInt64(bitPattern: number))
        }
        var key = key
        key.withUTF8 { unsafe checksum.add(UnsafeRawBufferPointer($0)) }
        unsafe value.withUnsafeBytes { unsafe checksum.add($0) }
        return Int64(bitPattern: checksum.value)
    }
}

/// A fast 64-bit checksum: each word is mixed in by a multiplication whose two halves are folded, so that every bit reaches every other.
struct Checksum {
    private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func add(_ word: UInt64) {
        let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        // The word is added once more: a product with 0 would forget everything before.
        value = (product.high ^ product.low) &+ word &+ 0x9E37_79B9_7F4A_7C15
    }

    /// The length goes in too: zeroes at the end count.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        var offset = 0
        while offset + 8 <= bytes.count {
            add(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var rest: UInt64 = 0
        for index in stride(from: bytes.count - 1, through: offset, by: -1) { rest = unsafe rest << 8 | UInt64(bytes[index]) }
        if offset < bytes.count { add(rest) }
    }
}
