internal import Glibc
internal import LinuxSystem

/// Makes a directory and the missing ones above it, mode 0755.
func makeDirectories(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o755) != 0 else { return }
    switch Errno.current {
    case .exists: return
    case .noSuchFile:
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("make directory \(path)", .noSuchFile)
        }
        try makeDirectories(String(path[..<slash]))
        guard unsafe mkdir(path, 0o755) == 0 || Errno.current == .exists else { throw SystemError("make directory \(path)", .current) }
    case let errno: throw SystemError("make directory \(path)", errno)
    }
}

/// The names in a directory without `.` and `..`, sorted. None when there is no directory.
func listDirectory(_ path: String) throws(SystemError) -> [String] {
    guard let stream = unsafe opendir(path) else {
        if Errno.current == .noSuchFile { return [] }
        throw SystemError("read directory \(path)", .current)
    }
    defer { _ = unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// A file's text, at most 4 KiB, without the line end: for files below /proc/sys.
func readSmallFile(_ path: String) throws(SystemError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)", .current) }
    let file = OwnedFD(adopting: descriptor)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file.rawValue, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw SystemError("read \(path)", .current) }
    return String(decoding: buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}

/// Writes an existing file in one write(2), as the files below /proc/sys want it.
func writeSmallFile(_ path: String, _ text: String) throws(SystemError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path) for writing", .current) }
    let file = OwnedFD(adopting: descriptor)
    let bytes = Array(text.utf8)
    let count = unsafe bytes.withUnsafeBytes { unsafe write(file.rawValue, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw SystemError("write \"\(text)\" to \(path)", .current) }
}
