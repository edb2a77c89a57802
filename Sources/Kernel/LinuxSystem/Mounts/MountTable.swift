/// One mount of a namespace: a line of /proc/PID/mountinfo, proc_pid_mountinfo(5).
package struct MountEntry: Hashable, Sendable {
    package var id: Int
    package var parentID: Int
    package var deviceMajor: UInt32
    package var deviceMinor: UInt32
    /// The directory of the file system that is mounted.
    package var root: String
    package var mountPoint: String
    /// Of the mount: `rw`, `nosuid`, …
    package var options: [String]
    /// Peer group that changes are shared with.
    package var sharedGroup: Int?
    /// Peer group that changes come from.
    package var masterGroup: Int?
    package var isUnbindable: Bool
    package var type: String
    package var source: String
    /// Of the file system.
    package var superOptions: [String]

    /// - Returns: `nil` for a line of another shape.
    package init?(line: Substring) {
        // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL…] - TYPE SOURCE SUPER
        let fields = line.split(separator: " ")
        guard
            fields.count >= 9, let separator = fields[6...].firstIndex(of: "-"), fields.count >= separator + 3,
            let id = Int(fields[0]), let parentID = Int(fields[1])
        else { return nil }
        let device = fields[2].split(separator: ":").compactMap { UInt32($0) }
        guard device.count == 2 else { return nil }
        self.id = id
        self.parentID = parentID
        (deviceMajor, deviceMinor) = (device[0], device[1])
        root = Self.unescaped(fields[3])
        mountPoint = Self.unescaped(fields[4])
        options = fields[5].split(separator: ",").map(String.init)
        let optional = fields[6..<separator]
        sharedGroup = Self.group("shared:", in: optional)
        masterGroup = Self.group("master:", in: optional)
        isUnbindable = optional.contains("unbindable")
        type = Self.unescaped(fields[separator + 1])
        source = Self.unescaped(fields[separator + 2])
        superOptions = fields.count > separator + 3 ? fields[separator + 3].split(separator: ",").map(Self.unescaped) : []
    }

    package var isReadOnly: Bool { options.contains("ro") }

    private static func group(_ prefix: String, in fields: ArraySlice<Substring>) -> Int? {
        fields.first { $0.hasPrefix(prefix) }.flatMap { Int($0.dropFirst(prefix.count)) }
    }

    /// Space, tab, newline, `#` and backslash stand as a backslash and three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(Substring(rest.prefix(3))), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The mounts that a process sees, in the order of the kernel: a parent before its children.
package struct MountTable: Hashable, Sendable {
    package var entries: [MountEntry]

    package init(parsing text: String) {
        entries = text.split(separator: "\n").compactMap { MountEntry(line: $0) }
    }

    /// Those of a process, or of this one.
    package static func read(pid: Int32? = nil) throws(SystemError) -> MountTable {
        MountTable(parsing: try Files.readText("/proc/\(pid.map(String.init) ?? "self")/mountinfo"))
    }

    /// The mount that is seen at a mount point: the last of those one upon another.
    package func mount(at path: String) -> MountEntry? { entries.last { $0.mountPoint == path } }

    /// The mount that holds a path: the one with the longest mount point.
    package func mount(holding path: String) -> MountEntry? {
        entries.filter { $0.mountPoint == "/" || path == $0.mountPoint || path.hasPrefix($0.mountPoint + "/") }
            .enumerated().max { ($0.element.mountPoint.utf8.count, $0.offset) < ($1.element.mountPoint.utf8.count, $1.offset) }?
            .element
    }
}
