import Glibc
import LinuxSystem

@testable import ImageStore

/// An entry of a tar with its content.
struct TarEntry {
    var header: ArchiveEntry
    var content: [UInt8] = []

    static func file(
        _ path: RawPath, _ content: String = "", mode: UInt32 = 0o644, owner: (Int64, Int64) = (0, 0), mtime: Int64 = 1_000,
        attributes: [(String, [UInt8])] = []
    ) -> TarEntry {
        TarEntry(
            header: ArchiveEntry(
                path: path, kind: .file, permissions: mode, userID: owner.0, groupID: owner.1, size: Int64(content.utf8.count),
                modified: FileTime(seconds: mtime, nanoseconds: 0),
                extendedAttributes: attributes.map { .init(name: $0.0, value: $0.1) }),
            content: Array(content.utf8))
    }

    static func directory(_ path: RawPath, mode: UInt32 = 0o755, owner: (Int64, Int64) = (0, 0), mtime: Int64 = 1_000) -> TarEntry {
        TarEntry(
            header: ArchiveEntry(
                path: path, kind: .directory, permissions: mode, userID: owner.0, groupID: owner.1,
                modified: FileTime(seconds: mtime, nanoseconds: 0)))
    }

    static func of(_ kind: ArchiveEntry.Kind, _ path: RawPath, mode: UInt32 = 0o777) -> TarEntry {
        TarEntry(header: ArchiveEntry(path: path, kind: kind, permissions: mode))
    }

    static func symlink(_ path: RawPath, to target: RawPath) -> TarEntry { of(.symlink(target: target), path) }
    static func hardLink(_ path: RawPath, to target: RawPath) -> TarEntry { of(.hardLink(target: target), path) }
}

/// The bytes of a tar.
func tar(_ entries: [TarEntry]) throws -> [UInt8] {
    let directory = TemporaryDirectory()
    let path = try directory.write("x.tar", [])
    try withUTF8Locale { () throws(ImageError) in
        let fd = open(path, O_WRONLY | O_CLOEXEC)
        guard fd >= 0 else { throw .failed("open \(path)", .current) }
        let writer = try ArchiveWriter(OwnedFD(adopting: fd))
        for entry in entries {
            try writer.add(entry.header)
            if !entry.content.isEmpty {
                try entry.content.span.bytes.withUnsafeBytes { (bytes) throws(ImageError) in try writer.write(bytes) }
            }
        }
        try writer.finish()
    }
    return try contents(path)
}

/// The bytes below a compression program's work.
func compressed(_ bytes: [UInt8], with command: String) throws -> [UInt8] {
    let directory = TemporaryDirectory()
    try directory.write("x", bytes)
    let result = shell("\(command) < \(directory.path("x")) > \(directory.path("y"))")
    guard result.status == 0 else { throw ImageError(.failed, "\(command): \(result.output)") }
    return try directory.read("y")
}
