internal import Glibc
internal import LinuxSystem

/// File operations of the runtime's own state, beside those of `Files`. Nothing is synced: the run directory is emptied by a reboot anyway.
enum StateFiles {
    /// Makes one directory; its parent exists.
    static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(SystemError) {
        guard unsafe mkdir(path, mode) == 0 || Errno.current == .exists else { throw SystemError("create directory \(path)", .current) }
    }

    /// Writes a file that nobody reads before its writer says so.
    static func create(_ bytes: [UInt8], at path: String, mode: UInt32 = 0o600) throws(SystemError) {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard number >= 0 else { throw SystemError("create \(path)", .current) }
        let file = OwnedFD(adopting: number)
        do throws(Errno) {
            // The umask of whoever started the program shall not decide.
            guard fchmod(file.rawValue, mode) == 0 else { throw Errno.current }
            try file.writeAll(bytes)
        } catch {
            throw SystemError("write \(path)", error)
        }
    }

    /// Replaces a record in one step, as seen by every reader.
    static func write(_ record: some Encodable, to path: String) throws {
        try Files.replace(path, with: try StateEncoder().encode(record), durably: false)
    }

    /// - Returns: nil when there is no such file.
    static func read(_ path: String, limit: Int = 8 << 20) throws(SystemError) -> [UInt8]? {
        do {
            return try Files.read(path, limit: limit)
        } catch  where error.errno == .noSuchFile { return nil }
    }

    /// - Returns: False when there is no such file or directory.
    @discardableResult
    static func move(_ path: String, to newPath: String) throws(SystemError) -> Bool {
        guard unsafe rename(path, newPath) != 0 else { return true }
        if Errno.current == .noSuchFile { return false }
        throw SystemError("rename \(path) to \(newPath)", .current)
    }

    /// Both the user and the group of the same number; a link itself, not what it points to.
    static func changeOwner(of path: String, to id: UInt32) throws(SystemError) {
        guard unsafe lchown(path, id, id) == 0 else { throw SystemError("change the owner of \(path) to \(id)", .current) }
    }

    /// - Returns: False when there is none, or it is not empty.
    static func removeEmptyDirectory(_ path: String) -> Bool { unsafe rmdir(path) == 0 }

    /// Removes whatever it is, a directory with all that is in it. Fine when there is none.
    static func remove(_ path: String) throws(SystemError) {
        if unsafe unlink(path) == 0 || Errno.current == .noSuchFile { return }
        try removeTree(path)
    }

    /// Removes a directory with all that is in it; follows no link. Fine when there is none.
    ///
    /// A supervisor or another thread may write a last file meanwhile: then it looks again.
    static func removeTree(_ path: String) throws(SystemError) {
        for _ in 0..<100 {
            try removeContent(of: path)
            if unsafe rmdir(path) == 0 || Errno.current == .noSuchFile { return }
            guard Errno.current == .notEmpty else { break }
        }
        throw SystemError("remove \(path)", .current)
    }

    private static func removeContent(of path: String) throws(SystemError) {
        for name in try Files.namesIfAny(in: path) {
            let child = "\(path)/\(name)"
            if unsafe unlink(child) == 0 { continue }
            switch Errno.current {
            case .isDirectory: try removeTree(child)
            case .noSuchFile: continue
            case let errno: throw SystemError("remove \(child)", errno)
            }
        }
    }
}
