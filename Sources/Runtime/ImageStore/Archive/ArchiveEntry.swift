internal import CArchive
import Glibc

/// One entry of a tar stream, as it stands there: nothing in it is to be trusted.
struct ArchiveEntry {
    enum Kind: Equatable {
        case file, directory, fifo, socket
        case symlink(target: RawPath)
        case hardLink(target: RawPath)
        case character(major: UInt32, minor: UInt32)
        case block(major: UInt32, minor: UInt32)
    }

    let path: RawPath
    let kind: Kind
    /// The permission bits with setuid, setgid and sticky.
    let permissions: UInt32
    let userID: Int64
    let groupID: Int64
    /// Bytes of a file's content, holes included.
    let size: Int64
    let modified: FileTime
    let extendedAttributes: [ExtendedAttribute]

    struct ExtendedAttribute: Equatable {
        let name: String
        let value: [UInt8]
    }

    init(
        path: RawPath, kind: Kind, permissions: UInt32, userID: Int64 = 0, groupID: Int64 = 0, size: Int64 = 0,
        modified: FileTime = FileTime(seconds: 0, nanoseconds: 0), extendedAttributes: [ExtendedAttribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        (self.userID, self.groupID) = (userID, groupID)
        self.size = size
        self.modified = modified
        self.extendedAttributes = extendedAttributes
    }

    /// - Parameter entry: libarchive's entry; it is valid until the next header is read, so everything is copied.
    init(_ entry: OpaquePointer) throws(ImageError) {
        guard let path = unsafe archive_entry_pathname(entry) else {
            throw .refused("read archive: an entry's name is not UTF-8")
        }
        self.path = unsafe RawPath(cString: path)
        kind = unsafe try Self.kind(of: entry, path: self.path)
        permissions = UInt32(unsafe archive_entry_perm(entry)) & 0o7777
        userID = unsafe archive_entry_uid(entry)
        groupID = unsafe archive_entry_gid(entry)
        size = unsafe archive_entry_size(entry)
        modified = unsafe FileTime(
            seconds: Int64(archive_entry_mtime(entry)), nanoseconds: Int64(archive_entry_mtime_nsec(entry)))
        extendedAttributes = unsafe Self.extendedAttributes(of: entry)
    }

    private static func kind(of entry: OpaquePointer, path: RawPath) throws(ImageError) -> Kind {
        if let target = unsafe archive_entry_hardlink(entry) { return .hardLink(target: unsafe RawPath(cString: target)) }
        let (major, minor) = unsafe (UInt32(archive_entry_rdevmajor(entry)), UInt32(archive_entry_rdevminor(entry)))
        switch UInt32(unsafe archive_entry_filetype(entry)) {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFIFO: return .fifo
        case S_IFSOCK: return .socket
        case S_IFCHR: return .character(major: major, minor: minor)
        case S_IFBLK: return .block(major: major, minor: minor)
        case S_IFLNK:
            guard let target = unsafe archive_entry_symlink(entry) else {
                throw .refused("entry \(quoted(path.description)): a symlink without a target")
            }
            return .symlink(target: unsafe RawPath(cString: target))
        default: throw .refused("entry \(quoted(path.description)): unknown type of file")
        }
    }

    private static func extendedAttributes(of entry: OpaquePointer) -> [ExtendedAttribute] {
        var attributes: [ExtendedAttribute] = []
        _ = unsafe archive_entry_xattr_reset(entry)
        while true {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var count = 0
            guard unsafe archive_entry_xattr_next(entry, &name, &value, &count) == ARCHIVE_OK, let name = unsafe name else {
                return attributes
            }
            let bytes = unsafe UnsafeRawBufferPointer(start: value, count: count)
            attributes.append(ExtendedAttribute(name: unsafe String(cString: name), value: unsafe Array(bytes)))
        }
    }
}

extension RawPath {
    init(cString: UnsafePointer<CChar>) {
        self.cString = unsafe Array(UnsafeBufferPointer(start: cString, count: strlen(cString) + 1))
    }
}
