internal import CArchive
import Glibc
import LinuxSystem

/// Writes a tar stream of the pax dialect through libarchive, uncompressed. The same entries give the same bytes.
///
/// Use it under `withUTF8Locale`, on one thread.
@safe final class ArchiveWriter {  // libarchive's handle lives as long as this object
    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private let output: ArchiveOutput

    /// - Parameter file: Where the stream goes; this object keeps it open.
    init(_ file: consuming OwnedFD) throws(ImageError) {
        try loadArchiveLibrary()
        guard let archive = unsafe archive_write_new(), let entry = unsafe archive_entry_new() else {
            throw .failed("write archive", Errno(rawValue: ENOMEM))
        }
        unsafe self.archive = unsafe archive
        unsafe self.entry = unsafe entry
        output = ArchiveOutput(file)
        unsafe archive_write_set_format_pax(archive)
        unsafe archive_write_add_filter_none(archive)
        unsafe archive_write_set_bytes_in_last_block(archive, 1)
        let context = unsafe Unmanaged.passUnretained(output).toOpaque()
        try check(
            unsafe archive_write_open(
                archive, context, nil,
                { _, context, start, count in
                    unsafe Unmanaged<ArchiveOutput>.fromOpaque(context!).takeUnretainedValue()
                        .write(UnsafeRawBufferPointer(start: start, count: count))
                }, nil))
    }

    deinit {
        unsafe archive_entry_free(entry)
        unsafe _ = archive_write_free(archive)
    }

    /// Writes an entry's header; a file's content follows through `write`.
    func add(_ header: ArchiveEntry) throws(ImageError) {
        _ = unsafe archive_entry_clear(entry)
        unsafe archive_entry_copy_pathname(entry, header.path.cString)
        unsafe archive_entry_set_perm(entry, header.permissions)
        unsafe archive_entry_set_uid(entry, header.userID)
        unsafe archive_entry_set_gid(entry, header.groupID)
        unsafe archive_entry_set_mtime(entry, Int(header.modified.seconds), Int(header.modified.nanoseconds))
        unsafe archive_entry_set_size(entry, header.kind == .file ? header.size : 0)
        setKind(header.kind)
        for attribute in header.extendedAttributes {
            unsafe archive_entry_xattr_add_entry(entry, attribute.name, attribute.value, attribute.value.count)
        }
        // A warning says that a name is not UTF-8; it is written as it is then, with "hdrcharset=BINARY" before it.
        let result = unsafe archive_write_header(archive, entry)
        if result != ARCHIVE_WARN { try check(result) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe archive_write_data(archive, bytes.baseAddress! + done, bytes.count - done)
            if count <= 0 { try check(ARCHIVE_FATAL) }
            done += count
        }
    }

    /// Writes the end of the archive.
    func finish() throws(ImageError) { try check(unsafe archive_write_close(archive)) }

    private func setKind(_ kind: ArchiveEntry.Kind) {
        func set(type: UInt32) { unsafe archive_entry_set_filetype(entry, type) }
        func set(major: UInt32, minor: UInt32) {
            unsafe archive_entry_set_rdevmajor(entry, dev_t(major))
            unsafe archive_entry_set_rdevminor(entry, dev_t(minor))
        }
        switch kind {
        case .file: set(type: S_IFREG)
        case .directory: set(type: S_IFDIR)
        case .fifo: set(type: S_IFIFO)
        case .socket: set(type: S_IFSOCK)
        case .symlink(let target):
            set(type: S_IFLNK)
            unsafe archive_entry_copy_symlink(entry, target.cString)
        case .hardLink(let target):
            set(type: S_IFREG)
            unsafe archive_entry_copy_hardlink(entry, target.cString)
        case .character(let major, let minor):
            set(type: S_IFCHR)
            set(major: major, minor: minor)
        case .block(let major, let minor):
            set(type: S_IFBLK)
            set(major: major, minor: minor)
        }
    }

    private func check(_ result: CInt) throws(ImageError) {
        if result == ARCHIVE_OK { return }
        if let error = output.error { throw .failed("write archive", error) }
        let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
        throw ImageError(.failed, "write archive: \(text ?? "unknown error")")
    }
}

private final class ArchiveOutput {
    private let file: OwnedFD
    private(set) var error: Errno?

    init(_ file: consuming OwnedFD) { self.file = file }

    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            unsafe try file.write(bytes)
            return bytes.count
        } catch {
            self.error = error
            return -1
        }
    }
}
