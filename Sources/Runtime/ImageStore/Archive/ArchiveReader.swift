internal import CArchive
import Glibc
import LinuxSystem

/// Reads a tar stream, or what a compressed stream holds, through libarchive. Nothing is written anywhere: an entry's
/// name is data until a `LayerUnpacker` has judged it.
///
/// Use it under `withUTF8Locale`, on one thread.
@safe final class ArchiveReader {  // libarchive's handle and the buffer it borrows live as long as this object
    /// Fills the buffer from its start; 0 bytes mean the end.
    typealias Source = (UnsafeMutableRawBufferPointer) throws(ImageError) -> Int

    enum Content {
        /// tar in any dialect, not compressed.
        case tar
        /// tar, compressed with gzip, zstd, xz or bzip2 or not at all.
        case compressedTar
        /// The bytes below the compression.
        case bytes
    }

    private let archive: OpaquePointer
    private let input: ArchiveInput
    /// Bytes of the current entry's content.
    private var entryBytes: Int64 = 0
    private var endsWithoutPadding = false

    /// - Parameter source: Called on this thread from `next`, `readData` and `read`.
    init(_ content: Content, source: @escaping Source) throws(ImageError) {
        try loadArchiveLibrary()
        guard let archive = unsafe archive_read_new() else { throw .failed("open archive", Errno(rawValue: ENOMEM)) }
        unsafe self.archive = unsafe archive
        input = unsafe ArchiveInput(source)
        unsafe Self.enable(content, on: archive)
        let context = unsafe Unmanaged.passUnretained(input).toOpaque()
        let result = unsafe archive_read_open(
            archive, context, nil,
            { _, context, buffer in
                unsafe Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue().refill(buffer!)
            }, nil)
        if result != ARCHIVE_OK { throw failure("open archive") }
    }

    deinit { unsafe _ = archive_read_free(archive) }

    private static func enable(_ content: Content, on archive: OpaquePointer) {
        if content != .tar {
            unsafe archive_read_support_filter_gzip(archive)
            unsafe archive_read_support_filter_zstd(archive)
            unsafe archive_read_support_filter_xz(archive)
            unsafe archive_read_support_filter_bzip2(archive)
        }
        unsafe archive_read_support_format_empty(archive)
        if content == .bytes {
            unsafe archive_read_support_format_raw(archive)
        } else {
            unsafe archive_read_support_format_tar(archive)
        }
    }

    /// The next entry, nil at the end.
    func next() throws(ImageError) -> ArchiveEntry? {
        if endsWithoutPadding { return nil }
        var entry: OpaquePointer?
        let result = unsafe archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        // A warning is about a name or an attribute that could not be read as it stands.
        guard result == ARCHIVE_OK, let entry = unsafe entry else { throw failure("read archive") }
        let next = unsafe try ArchiveEntry(entry)
        entryBytes = next.size
        return next
    }

    /// Hands over the current entry's content piece by piece; a hole in a sparse file is a gap between offsets.
    func readData(_ body: (UnsafeRawBufferPointer, Int64) throws(ImageError) -> Void) throws(ImageError) {
        var end: Int64 = 0
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let result = unsafe archive_read_data_block(archive, &start, &count, &offset)
            if result == ARCHIVE_EOF { return }
            // umoci 0.4.7 leaves out what pads the last entry to 512 bytes and ends the archive; Go's reader lets it pass.
            if result != ARCHIVE_OK, input.hasEnded, end == entryBytes {
                endsWithoutPadding = true
                return
            }
            guard result == ARCHIVE_OK else { throw failure("read archive") }
            unsafe try body(UnsafeRawBufferPointer(start: start, count: count), offset)
            end = offset &+ Int64(count)
        }
    }

    /// Reads the current entry's content; 0 bytes mean its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        let count = unsafe archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw failure("read archive") }
        return count
    }

    /// What the source threw, or else libarchive's own words.
    private func failure(_ operation: String) -> ImageError {
        if let error = input.error { return error }
        guard let text = unsafe archive_error_string(archive) else { return .refused("\(operation): malformed archive") }
        return .refused("\(operation): \(quotable(unsafe String(cString: text)))")
    }
}

/// The buffer between a source and libarchive, which borrows it until it asks for more.
@safe private final class ArchiveInput {  // the buffer is freed with the object
    private let source: ArchiveReader.Source
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    /// Why the source failed.
    private(set) var error: ImageError?
    private(set) var hasEnded = false

    init(_ source: @escaping ArchiveReader.Source) { unsafe self.source = unsafe source }
    deinit { unsafe buffer.deallocate() }

    func refill(_ start: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do throws(ImageError) {
            let count = unsafe try source(buffer)
            if count == 0 { hasEnded = true }
            unsafe start.pointee = UnsafeRawPointer(buffer.baseAddress)
            return count
        } catch {
            self.error = error
            return Int(ARCHIVE_FATAL)
        }
    }
}

/// Call it before anything of libarchive's.
func loadArchiveLibrary() throws(ImageError) {
    if let problem = unsafe carchive_load() { throw ImageError(.failed, "load libarchive: \(unsafe String(cString: problem))") }
}

/// libarchive's message in one line.
private func quotable(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
}

/// Runs `body` with the thread's characters being UTF-8, as `ArchiveReader` needs.
func withUTF8Locale<Result>(_ body: () throws(ImageError) -> Result) throws(ImageError) -> Result {
    guard let locale = unsafe carchive_utf8_locale() else { throw .failed("load the locale C.UTF-8", Errno.current) }
    let previous = unsafe uselocale(locale)
    defer {
        _ = unsafe uselocale(previous)
        unsafe freelocale(locale)
    }
    return try body()
}
