internal import CLinux
import Glibc
package import LinuxSystem

/// One directory of the cgroup v2 tree, held open.
///
/// The descriptor is O_PATH: good for `CLONE_INTO_CGROUP`, for `*at` calls and for bpf(2), and it keeps meaning this
/// cgroup should the path be removed and made again. Closing it removes nothing. Every file is reached through it, so a
/// write costs three system calls on a one-component path. Facts: Documentation/admin-guide/cgroup-v2.rst.
package struct Cgroup: ~Copyable, Sendable {
    /// Absolute path, for messages and for reports; never opened again.
    package let path: String
    package let directory: OwnedFD

    init(path: String, directory: consuming OwnedFD) {
        self.path = path
        self.directory = directory
    }

    /// Opens an existing cgroup by absolute path.
    package init(opening path: String) throws(SystemError) {
        let fd = unsafe clinux_open_place(AT_FDCWD, path)
        guard fd >= 0 else { throw SystemError("open cgroup \(path)", .current) }
        self.init(path: path, directory: OwnedFD(adopting: fd))
    }

    // MARK: - Children

    /// Makes a child cgroup and opens it.
    ///
    /// - Throws: `EEXIST` when there is one; `EAGAIN` when `cgroup.max.descendants` is reached; `EINVAL` for a name that is no single component.
    package func createChild(_ name: String) throws(SystemError) -> Cgroup {
        guard Self.isComponent(name) else { throw SystemError("create cgroup \(path)/\(name)", .invalidArgument) }
        guard unsafe mkdirat(directory.rawValue, name, 0o755) == 0 else {
            throw SystemError("create cgroup \(path)/\(name)", .current)
        }
        return try openChild(name)
    }

    /// Opens a child cgroup.
    package func openChild(_ name: String) throws(SystemError) -> Cgroup {
        guard Self.isComponent(name) else { throw SystemError("open cgroup \(path)/\(name)", .invalidArgument) }
        let fd = unsafe clinux_open_place(directory.rawValue, name)
        guard fd >= 0 else { throw SystemError("open cgroup \(path)/\(name)", .current) }
        return Cgroup(path: "\(path)/\(name)", directory: OwnedFD(adopting: fd))
    }

    /// Opens a child cgroup, making it first when there is none.
    package func openOrCreateChild(_ name: String) throws(SystemError) -> Cgroup {
        do {
            return try createChild(name)
        } catch  where error.errno == .exists {
            return try openChild(name)
        }
    }

    /// The names of the child cgroups, in no order.
    package func children() throws(SystemError) -> [String] {
        let fd = unsafe openat(directory.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError("list cgroup \(path)", .current) }
        guard let stream = unsafe fdopendir(fd) else {
            let errno = Errno.current
            _ = close(fd)
            throw SystemError("list cgroup \(path)", errno)
        }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if Self.isComponent(name) { names.append(name) }
        }
        return names
    }

    /// Whether a name is one path component that stays below its parent. Pod UIDs and container names come from outside.
    static func isComponent(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
    }
}

// MARK: - Files

extension Cgroup {
    /// Writes a whole value to one of the cgroup's files: `write "50000 100000" to …/cpu.max: Device or resource busy`.
    package func write(_ value: String, to file: String) throws(SystemError) {
        if let errno = tryWrite(value, to: file) { throw SystemError("write \"\(value)\" to \(path)/\(file)", errno) }
    }

    /// Writes, and returns why it failed. The error's text is only made by those who throw it.
    func tryWrite(_ value: String, to file: String) -> Errno? {
        let fd = unsafe openat(directory.rawValue, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard fd >= 0 else { return .current }
        defer { _ = close(fd) }
        var value = value
        return value.withUTF8 { bytes in
            // One write is one command to the kernel; a part of it would be another command, so there is no loop.
            let written = unsafe Glibc.write(fd, bytes.baseAddress, bytes.count)
            guard written >= 0 else { return .current }
            return written == bytes.count ? nil : Errno(rawValue: EIO)
        }
    }

    /// The text of one of the cgroup's files, however long.
    package func read(_ file: String) throws(SystemError) -> String {
        let fd = unsafe openat(directory.rawValue, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard fd >= 0 else { throw SystemError("open \(path)/\(file)", .current) }
        defer { _ = close(fd) }
        do throws(Errno) {
            return try readText(fd)
        } catch {
            throw SystemError("read \(path)/\(file)", error)
        }
    }

    /// The text of a file that may be absent: `nil` for a controller that is not enabled, or a feature that the kernel lacks or has switched off.
    package func readIfPresent(_ file: String) throws(SystemError) -> String? {
        do {
            return try read(file)
        } catch  where error.errno == .noSuchFile || error.errno == .notSupported {
            return nil
        }
    }
}

/// Reads a descriptor from its start to the end, by pread(2): seq files of the kernel are made afresh at offset 0.
func readText(_ fd: CInt) throws(Errno) -> String {
    var bytes: [UInt8] = []
    while true {
        let (chunk, errno) = readChunk(fd, at: bytes.count)
        if let errno { throw errno }
        if chunk.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        bytes = bytes.isEmpty ? chunk : bytes + chunk
    }
}

/// At most a page: the kernel gives seq files out in such pieces anyway.
private func readChunk(_ fd: CInt, at offset: Int) -> ([UInt8], Errno?) {
    var failure: Errno?
    let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        let got = unsafe pread(fd, buffer.baseAddress, buffer.count, offset)
        if got < 0 { failure = .current }
        count = max(got, 0)
    }
    return (chunk, failure)
}
