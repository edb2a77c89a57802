import Foundation

/// A process as the kernel shows it from outside: proc(5).
struct ProcessView {
    let pid: Int

    init(_ pid: Int) { self.pid = pid }

    static var own: ProcessView { ProcessView(Int(getpid())) }

    func text(_ file: String) throws -> String { try Self.text(of: "/proc/\(pid)/\(file)") }

    /// Reads to the end: a file of the kernel's comes in pieces, and one that is short is not the last.
    static func text(of path: String) throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Machine.Failure(description: "open \(path): errno \(errno)") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw Machine.Failure(description: "read \(path): errno \(errno)") }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    /// Identity of a namespace: `net:[4026531840]`.
    func namespace(_ name: String) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(name)")
    }

    /// A field of /proc/PID/status, numbers separated by single spaces.
    func status(_ field: String) throws -> String {
        for line in try text("status").split(separator: "\n") where line.hasPrefix("\(field):") {
            return line.dropFirst(field.count + 1).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        throw Machine.Failure(description: "/proc/\(pid)/status has no \(field)")
    }

    func capabilities(_ set: String) throws -> UInt64 { UInt64(try status(set), radix: 16) ?? 0 }

    /// Soft and hard limit by name: `Max open files`.
    func limits() throws -> [String: [String]] {
        var limits: [String: [String]] = [:]
        for line in try text("limits").split(separator: "\n").dropFirst() {
            let name = line.prefix(26).trimmingCharacters(in: .whitespaces)
            limits[name] = Array(line.dropFirst(26).split(whereSeparator: \.isWhitespace).prefix(2).map(String.init))
        }
        return limits
    }

    /// Path in the cgroup v2 hierarchy.
    func cgroup() throws -> String {
        let line = try text("cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }
        return String(line?.dropFirst(3) ?? "")
    }

    func descriptors() throws -> [Int: String] {
        var found: [Int: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd") {
            found[Int(name) ?? -1] = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")
        }
        return found
    }

    /// A file of the process's own root.
    func file(_ path: String) throws -> String { try text("root\(path)") }

    /// Not a zombie that its new parent has yet to reap.
    var isAlive: Bool {
        guard let state = try? status("State") else { return false }
        return !state.hasPrefix("Z") && !state.hasPrefix("X")
    }

    func parent() throws -> Int { Int(try status("PPid")) ?? 0 }
}

// MARK: - Mounts

extension ProcessView {
    /// A line of proc_pid_mountinfo(5).
    struct Mount {
        var root: String
        var target: String
        var options: [String]
        /// `shared:7`, `master:3`.
        var propagation: [String]
        var type: String
        var source: String
        var superOptions: [String]
    }

    func mounts() throws -> [Mount] {
        try text("mountinfo").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3 else { return nil }
            return Mount(
                root: fields[3], target: fields[4], options: fields[5].split(separator: ",").map(String.init),
                propagation: Array(fields[6..<dash]), type: fields[dash + 1], source: fields[dash + 2],
                superOptions: fields[dash + 3].split(separator: ",").map(String.init))
        }
    }

    /// The uppermost mount on a target.
    func mount(_ target: String) throws -> Mount? { try mounts().last { $0.target == target } }
}
