internal import Cgroups
internal import Glibc
internal import LinuxSystem

/// A value for one of a cgroup's files, and the one that stood there.
struct CgroupChange: Hashable, Sendable {
    let file: String
    let value: String
    /// nil: what the file shows is also what puts it back.
    var undo: String?
}

extension KernelFault {
    /// The files to write for it, in this order; empty: it is not done by a cgroup.
    ///
    /// - Parameter device: MAJOR:MINOR of the disk. Formats: cgroup-v2.rst.
    func cgroupChanges(device: String) -> [CgroupChange] {
        switch self {
        case .freeze: return [CgroupChange(file: "cgroup.freeze", value: "1", undo: "0")]
        case .memory(let high, let max):
            return [
                high.map { CgroupChange(file: "memory.high", value: "\($0)") },
                max.map { CgroupChange(file: "memory.max", value: "\($0)") },
            ]
            .compactMap { $0 }
        case .cpu(let percent):
            // Of a period of 100 ms; the kernel takes no quota below 1 ms.
            return [CgroupChange(file: "cpu.max", value: "\(Swift.max(1_000, percent * 1_000)) 100000")]
        case .disk(let read, let write):
            let parts = [read.map { "rbps=\($0)" }, write.map { "wbps=\($0)" }].compactMap { $0 }.joined(separator: " ")
            return [CgroupChange(file: "io.max", value: "\(device) \(parts)", undo: "\(device) rbps=max wbps=max")]
        case .full, .network, .dns: return []
        }
    }

    /// The controller that has to be there; nil: none.
    var controller: String? {
        switch self {
        case .memory: "memory"
        case .cpu: "cpu"
        case .disk: "io"
        case .freeze, .full, .network, .dns: nil
        }
    }
}

/// The cgroup that a process is in.
struct ProcessCgroup: Sendable {
    let path: String

    init(pid: Int32, _ hierarchy: CgroupHierarchy) throws {
        let text = try Files.readText("/proc/\(pid)/cgroup")
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else {
            throw FaultError("/proc/\(pid)/cgroup has no line of cgroup v2")
        }
        path = hierarchy.mountPoint + line.dropFirst(3)
    }

    /// - Returns: What takes it back; a cgroup that is gone by then needs nothing.
    func apply(_ changes: [CgroupChange]) throws -> @Sendable () throws -> Void {
        let cgroup = try Cgroup(opening: path)
        var undo: [CgroupChange] = []
        for change in changes {
            let before = try cgroup.read(change.file).prefix { $0 != "\n" }
            try cgroup.write(change.value, to: change.file)
            undo.append(CgroupChange(file: change.file, value: change.undo ?? String(before)))
        }
        return { [path, undo] in
            guard let cgroup = try? Cgroup(opening: path) else { return }
            for change in undo.reversed() {
                do throws(SystemError) { try cgroup.write(change.value, to: change.file) } catch {
                    guard [ENODEV, ENOENT].contains(error.errno.rawValue) else { throw error }
                }
            }
        }
    }
}

/// The disk under a directory.
enum Disk {
    /// MAJOR:MINOR of the whole disk: io.max takes no partition.
    static func device(under directory: String) throws -> String {
        var status = stat()
        guard unsafe stat(directory, &status) == 0 else { throw SystemError("stat \(directory)", .current) }
        let number = "\(clinuxMajor(status.st_dev)):\(clinuxMinor(status.st_dev))"
        let place = "/sys/dev/block/\(number)"
        guard Files.exists(place) else { throw FaultError("\(directory) is on no disk of its own (device \(number))") }
        guard Files.exists("\(place)/partition") else { return number }
        return String(try Files.readText("\(place)/../dev").prefix { $0 != "\n" })
    }

    // gnu_dev_major(3), which is a macro for Swift.
    private static func clinuxMajor(_ device: dev_t) -> UInt { ((device >> 8) & 0xFFF) | ((device >> 32) & ~0xFFF) }
    private static func clinuxMinor(_ device: dev_t) -> UInt { (device & 0xFF) | ((device >> 12) & ~0xFF) }
}
