/// A layer's tar stream below its compression, with its digest, the diff ID.
final class DecompressedLayer {
    private let decompressor: ArchiveReader
    private var hash = SHA256Stream()
    private let limitBytes: Int64
    private var isOpen = false

    /// - Parameters:
    ///   - source: The blob.
    ///   - limitBytes: How long the tar may be; a small blob can hold a huge one.
    init(source: FileSource, limitBytes: Int64) throws(ImageError) {
        decompressor = unsafe try ArchiveReader(.bytes, source: source.read)
        self.limitBytes = limitBytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        if !isOpen {
            isOpen = true
            guard try decompressor.next() != nil else { return 0 }  // no bytes at all
        }
        let count = unsafe try decompressor.read(into: buffer)
        unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        guard hash.byteCount <= limitBytes else {
            throw .refused("the layer is larger than \(limitBytes) bytes unpacked, the limit")
        }
        return count
    }

    /// Reads what is left, the padding after the last entry, and tells the digest of everything.
    func digestOfRest() throws(ImageError) -> Digest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { unsafe buffer.deallocate() }
        while unsafe try read(into: buffer) > 0 {}
        return hash.digest
    }
}
