internal import Crypto

/// The SHA-256 sum and length of bytes that pass by.
struct SHA256Stream {
    private var hash = SHA256()
    private(set) var byteCount: Int64 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe hash.update(bufferPointer: bytes)
        byteCount += Int64(bytes.count)
    }

    /// The digest of everything so far.
    var digest: Digest { Digest(bytes: hash.finalize()) }
}

extension Digest {
    /// The digest of these bytes.
    package init(of bytes: [UInt8]) { self.init(bytes: SHA256.hash(data: bytes)) }
}
