internal import Glibc
internal import LinuxSystem

/// The files that a process sees, by paths that can't leave its root: what is in there may be hostile.
struct ContainerRoot: ~Copyable {
    private let directory: OwnedFD

    init(pid: Int32) throws(SystemError) {
        do throws(Errno) {
            directory = try OwnedFD.directory("/proc/\(pid)/root")
        } catch {
            throw SystemError("open /proc/\(pid)/root", error)
        }
    }

    /// - Parameter follows: A link at the end of the path as well.
    private func open(_ path: String, flags: CInt, follows: Bool = true) throws(Errno) -> OwnedFD {
        let relative = String(path.drop { $0 == "/" })
        return try directory.open(
            relative.isEmpty ? "." : relative, flags: flags | (follows ? 0 : O_NOFOLLOW), resolve: [.inRoot, .noMagicLinks])
    }

    /// What is at a path; nil when nothing is.
    func status(_ path: String, follows: Bool = true) -> stat? {
        guard let file = try? open(path, flags: OwnedFD.pathOnly, follows: follows) else { return nil }
        var status = stat()
        return unsafe fstat(file.rawValue, &status) == 0 ? status : nil
    }

    /// An ordinary file's text: nothing else is opened, for a pipe or a device could block or do something.
    func text(_ path: String, limit: Int = 1 << 20) throws(Errno) -> String {
        guard let found = status(path) else { throw .noSuchFile }
        guard found.st_mode & S_IFMT == S_IFREG else { throw .invalidArgument }
        return String(decoding: try open(path, flags: O_RDONLY | O_NONBLOCK).readToEnd(limit: limit), as: UTF8.self)
    }

    func names(in path: String) throws(Errno) -> [String] {
        let file = try open(path, flags: O_RDONLY | O_DIRECTORY)
        guard let stream = unsafe fdopendir(file.release()) else { throw Errno.current }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
