internal import CLinux
import Glibc

/// Whole files by path. Errors name the path.
package enum Files {
    /// - Parameter limit: More bytes than this are an error (`EFBIG`): the file may be somebody else's.
    package static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError("open \(path)", .current) }
        let file = OwnedFD(adopting: fd)
        do throws(Errno) {
            return try file.readToEnd(limit: limit)
        } catch {
            throw SystemError("read \(path)", error)
        }
    }

    package static func readText(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Writes a value to an existing file in one write, as files of the kernel want it.
    package static func write(_ value: String, to path: String) throws(SystemError) {
        let fd = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError("write \"\(value)\" to \(path)", .current) }
        let file = OwnedFD(adopting: fd)
        var value = value
        let written = value.withUTF8 { unsafe Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
        guard written == value.utf8.count else {
            throw SystemError("write \"\(value)\" to \(path)", written < 0 ? .current : Errno(rawValue: EIO))
        }
    }

    /// Puts a file in place so that a reader, and a power cut, finds the old one or the whole new one.
    ///
    /// - Parameter durably: Writes it and its directory entry to disk before returning.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600, durably: Bool = true
    ) throws(SystemError) {
        let staged = "\(path).new"
        let fd = unsafe open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)
        guard fd >= 0 else { throw SystemError("create \(staged)", .current) }
        let file = OwnedFD(adopting: fd)
        do throws(Errno) {
            guard fchmod(file.rawValue, mode) == 0 else { throw Errno.current }
            try file.writeAll(bytes)
            if durably, fsync(file.rawValue) != 0 { throw Errno.current }
            guard unsafe rename(staged, path) == 0 else { throw Errno.current }
        } catch {
            _ = unsafe unlink(staged)
            throw SystemError("write \(path)", error)
        }
        if durably { try syncDirectory(holding: path) }
    }

    /// Writes a directory's entries to disk: only then a rename in it survives a power cut.
    package static func syncDirectory(holding path: String) throws(SystemError) {
        let slash = path.lastIndex(of: "/")
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        do throws(Errno) {
            let directory = try OwnedFD.directory(parent)
            if fsync(directory.rawValue) != 0 { throw Errno.current }
        } catch {
            throw SystemError("sync directory \(parent)", error)
        }
    }

    /// Makes a directory and those above it; one that exists is fine.
    package static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if unsafe mkdir(path, mode) == 0 { return }
        let error = Errno.current
        if error == .exists, isDirectory(path) { return }
        guard error == .noSuchFile, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("create directory \(path)", error)
        }
        try makeDirectories(String(path[..<slash]), mode: mode)
        guard unsafe mkdir(path, mode) == 0 || Errno.current == .exists else {
            throw SystemError("create directory \(path)", .current)
        }
    }

    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The content of a symlink.
    package static func linkTarget(_ path: String) throws(SystemError) -> String {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            let length = unsafe readlink(
                path, UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self), buffer.count)
            if length < 0 { failure = .current }
            count = max(0, length)
        }
        if let failure { throw SystemError("read link \(path)", failure) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: False when there was none.
    @discardableResult
    package static func remove(_ path: String) throws(SystemError) -> Bool {
        if unsafe unlink(path) == 0 { return true }
        if Errno.current == .noSuchFile { return false }
        throw SystemError("remove \(path)", .current)
    }

    /// The names in a directory, sorted; none when there is no directory.
    package static func namesIfAny(in path: String) throws(SystemError) -> [String] {
        do {
            return try names(in: path).sorted()
        } catch  where error.errno == .noSuchFile { return [] }
    }

    /// The names in a directory, without `.` and `..`, in no order.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw SystemError("list \(path)", .current) }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
