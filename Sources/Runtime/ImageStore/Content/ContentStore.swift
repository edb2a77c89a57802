import Glibc
import LinuxSystem

/// Blobs by digest: `ROOT/blobs/sha256/HEX`, read-only files. A blob is written elsewhere and moved here when it is whole
/// and on disk, so what stands here is complete; what has been damaged since is found by its digest and set aside in
/// `ROOT/quarantine`.
struct ContentStore: ~Copyable, Sendable {
    private let blobs: Directory
    private let quarantine: Directory
    private let report: @Sendable (String) -> Void

    /// - Parameter report: Told in one line what was set aside.
    init(root: borrowing Directory, report: @escaping @Sendable (String) -> Void) throws(Errno) {
        let blobs = try root.makeOrOpenDirectory("blobs").makeOrOpenDirectory("sha256")
        quarantine = try root.makeOrOpenDirectory("quarantine", mode: 0o700)
        self.blobs = blobs
        self.report = report
    }

    /// Bytes of the blob, nil when it is not here.
    func size(of digest: Digest) throws(ImageError) -> Int64? {
        do { return try blobs.statusIfExists(RawPath(digest.hex))?.size } catch {
            throw .failed("read blob \(digest)", error)
        }
    }

    func open(_ digest: Digest) throws(ImageError) -> OwnedFD {
        do { return try blobs.open(RawPath(digest.hex), flags: O_RDONLY) } catch {
            if error == .noSuchFile { throw .notFound("blob \(digest) is not in the image store") }
            throw .failed("open blob \(digest)", error)
        }
    }

    /// A small blob, checked against its digest.
    ///
    /// - Throws: `.corrupted` after setting a damaged blob aside; `.refused` when it has more than `limit` bytes.
    func contents(of digest: Digest, limit: Int) throws(ImageError) -> [UInt8] {
        let file = try open(digest)
        let bytes: [UInt8]?
        do { bytes = try file.readAll(limit: limit) } catch { throw .failed("read blob \(digest)", error) }
        guard let bytes else { throw .refused("blob \(digest) is larger than \(limit) bytes") }
        let actual = Digest(of: bytes)
        guard actual == digest else { throw setAside(digest, actual: actual) }
        return bytes
    }

    /// Reads the whole blob and compares it with its digest.
    ///
    /// - Throws: `.corrupted` after setting a damaged blob aside.
    func verify(_ digest: Digest) throws(ImageError) {
        var hash = SHA256Stream()
        let file = try open(digest)
        var failure: Errno?
        unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            do throws(Errno) {
                while true {
                    let count = unsafe try file.read(into: buffer)
                    if count == 0 { break }
                    unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
            } catch { failure = error }
        }
        if let failure { throw .failed("read blob \(digest)", failure) }
        if hash.digest != digest { throw setAside(digest, actual: hash.digest) }
    }

    /// Moves a finished file into the store. The same content already there is kept and the file removed.
    func publish(_ name: RawPath, from staging: borrowing Directory, as digest: Digest) throws(ImageError) {
        do {
            if try blobs.statusIfExists(RawPath(digest.hex)) != nil {
                try staging.unlink(name)
            } else {
                try staging.rename(name, to: blobs, as: RawPath(digest.hex))
            }
        } catch { throw .failed("store blob \(digest)", error) }
    }

    /// Gives a blob a second name; it stays there when it is removed here.
    func link(_ digest: Digest, into directory: borrowing Directory, as name: RawPath) throws(Errno) {
        try directory.link(name, to: RawPath(digest.hex), in: blobs)
    }

    /// Makes everything published so far survive a power loss.
    func sync() throws(ImageError) {
        do { try blobs.sync() } catch { throw .failed("sync the blob directory", error) }
    }

    func digests() throws(ImageError) -> [Digest] {
        do { return try blobs.names().compactMap { try? Digest(hex: $0.description) } } catch {
            throw .failed("list blobs", error)
        }
    }

    /// - Returns: The bytes it had; 0 when it was not there.
    func remove(_ digest: Digest) throws(ImageError) -> Int64 {
        do {
            guard let size = try blobs.statusIfExists(RawPath(digest.hex))?.size else { return 0 }
            try blobs.unlink(RawPath(digest.hex))
            return size
        } catch { throw .failed("remove blob \(digest)", error) }
    }

    private func setAside(_ digest: Digest, actual: Digest) -> ImageError {
        var text = "blob \(digest) is corrupted: its content is \(actual)"
        do {
            try blobs.rename(RawPath(digest.hex), to: quarantine, as: RawPath(digest.hex))
            text += "; it was moved to quarantine/\(digest.hex)"
        } catch { text += "; moving it to quarantine failed: \(error)" }
        report(text)
        return ImageError(.corrupted, text)
    }
}
