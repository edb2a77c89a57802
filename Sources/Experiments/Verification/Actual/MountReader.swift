internal import Glibc
internal import LinuxSystem

/// The mounts that a container sees, what they hide, its device nodes and the pod's files.
struct MountReader: ~Copyable {
    let name: String
    let pid: Int32
    private let table: MountTable
    private let root: ContainerRoot

    init(name: String, pid: Int32) throws(SystemError) {
        let table = try MountTable.read(pid: pid)
        root = try ContainerRoot(pid: pid)
        self.table = table
        self.name = name
        self.pid = pid
    }

    private var place: String { "/proc/\(pid)/mountinfo" }

    func read(covered: [String], twins: [String: String], into findings: inout Findings) {
        let points = Set(table.entries.map(\.mountPoint))
        findings.set("\(name)/mounts", list: points.sorted(), at: place)
        for point in points { if let entry = table.mount(at: point) { read(entry, &findings) } }
        for (target, path) in twins { readTwin(target, path, &findings) }
        for path in covered { findings.set("\(name)/covered[\(path)]", cover(path), at: place) }
        readDevices(&findings)
        readFiles(&findings)
    }

    private func read(_ entry: MountEntry, _ findings: inout Findings) {
        let path = "\(name)/mounts[\(entry.mountPoint)]"
        findings.set("\(path)/type", entry.type, at: place)
        findings.set("\(path)/options", list: entry.options, at: place)
        // A file system that is read-only as a whole can't be written through any mount of it.
        let isReadOnly = entry.isReadOnly || entry.superOptions.contains("ro")
        findings.set("\(path)/access", isReadOnly ? "ro" : "rw", at: place)
        let propagation =
            entry.sharedGroup != nil
            ? (entry.masterGroup != nil ? "shared and slave" : "shared") : entry.masterGroup != nil ? "slave" : "private"
        findings.set("\(path)/propagation", propagation, at: place)
        if let size = entry.superOptions.first(where: { $0.hasPrefix("size=") }).flatMap({ Self.bytes($0.dropFirst(5)) }) {
            findings.set("\(path)/sizeBytes", "\(size)", at: place)
        }
        let below = table.entries.filter { $0.mountPoint.hasPrefix(entry.mountPoint + "/") && !$0.isReadOnly }
        findings.set("\(path)/writableBelow", list: below.map(\.mountPoint), at: place)
    }

    /// `65536k` of tmpfs.
    private static func bytes(_ text: Substring) -> Int64? {
        let shift: Int64 = text.hasSuffix("k") ? 10 : text.hasSuffix("m") ? 20 : text.hasSuffix("g") ? 30 : 0
        return Int64(text.prefix { $0.isNumber }).map { $0 << shift }
    }

    private func readTwin(_ target: String, _ path: String, _ findings: inout Findings) {
        let item = "\(name)/mounts[\(target)]/source"
        var there = stat()
        guard table.mount(at: target) != nil else { return findings[item] = Finding(.absent, at: place) }
        guard let here = root.status(target), unsafe stat(path, &there) == 0 else {
            return findings[item] = Finding(.value("\(path) is not there, or not what is mounted"), at: path)
        }
        let isSame = here.st_dev == there.st_dev && here.st_ino == there.st_ino
        let other = table.mount(at: target).map { "\($0.root) of \($0.source)" } ?? ""
        findings.set(item, isSame ? "the same file" : other, at: "inode of \(path)")
    }

    /// How much of a path below /proc or /sys can be seen.
    private func cover(_ path: String) -> String {
        guard let status = root.status(path, follows: false) else { return "not there" }
        guard let mount = table.mount(at: path) else {
            // Something above it may be read-only: all of /sys is.
            return isBelowReadOnly(path) && !path.hasPrefix("/sys/") ? "read-only" : "open"
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        if isDirectory, mount.type == "tmpfs", mount.isReadOnly {
            return (try? root.names(in: path))?.isEmpty ?? false ? "masked" : "covered by a tmpfs with files"
        }
        let isNull = status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == deviceNumber(major: 1, minor: 3)
        if isNull { return "masked" }
        return mount.isReadOnly ? "read-only" : "open"
    }

    private func isBelowReadOnly(_ path: String) -> Bool { table.mount(holding: path)?.isReadOnly ?? false }

    private static let usual: Set<String> = [
        "/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero", "/dev/console", "/dev/ptmx",
    ]

    private func readDevices(_ findings: inout Findings) {
        var all: [String] = []
        var others: [String] = []
        collectDevices("/dev", depth: 0) { path, description in
            all.append(description)
            if !Self.usual.contains(path) { others.append(description) }
        }
        findings.set("\(name)/devices", list: all.sorted(), at: "/proc/\(pid)/root/dev")
        findings.set("\(name)/devices/others", list: others.sorted(), at: "/proc/\(pid)/root/dev")
    }

    /// Terminals come and go, and shared memory is no place for devices: those two are file systems without device nodes of interest.
    private func collectDevices(_ directory: String, depth: Int, _ add: (String, String) -> Void) {
        for name in (try? root.names(in: directory)) ?? [] {
            let path = "\(directory)/\(name)"
            guard path != "/dev/pts", path != "/dev/shm", path != "/dev/mqueue", let status = root.status(path, follows: false) else {
                continue
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR where depth < 3 && table.mount(at: path) == nil: collectDevices(path, depth: depth + 1, add)
            case S_IFCHR, S_IFBLK:
                let letter = status.st_mode & S_IFMT == S_IFCHR ? "c" : "b"
                let number = UInt64(status.st_rdev)
                let major = (number >> 8 & 0xfff) | (number >> 32 & ~0xfff)
                let minor = (number & 0xff) | (number >> 12 & ~0xff)
                add(path, "\(path) \(letter) \(major):\(minor & 0xffff_ffff)")
            default: break
            }
        }
    }

    private func readFiles(_ findings: inout Findings) {
        readLines("/etc/hosts") { findings.set("\(name)/files/hosts", list: $0, at: "/etc/hosts of the container") }
        readLines("/etc/hostname") { findings.set("\(name)/files/hostname", $0.first ?? "", at: "/etc/hostname of the container") }
        readLines("/etc/resolv.conf") { lines in
            for (keyword, item) in [("nameserver", "nameservers"), ("search", "searches"), ("options", "options")] {
                let words = lines.map { $0.split(separator: " ").map(String.init) }.filter { $0.first == keyword }.flatMap {
                    $0.dropFirst()
                }
                findings.set("\(name)/files/resolv.conf/\(item)", list: words, at: "/etc/resolv.conf of the container")
            }
        }
    }

    /// Without comments, with single spaces.
    private func readLines(_ path: String, _ body: ([String]) -> Void) {
        guard let text = try? root.text(path) else { return }
        body(
            text.split(separator: "\n").map { $0.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }.joined(separator: " ") }
                .filter { !$0.isEmpty })
    }
}
