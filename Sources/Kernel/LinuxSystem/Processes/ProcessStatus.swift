/// /proc/PID/status, proc_pid_status(5): who a process is and what it may do.
package struct ProcessStatus: Hashable, Sendable {
    package var name: String
    package var pid: Int32
    package var parentPID: Int32
    /// Real, effective, saved, file system.
    package var uids: [UInt32]
    package var gids: [UInt32]
    package var groups: [UInt32]
    /// The pid in each nested pid namespace, the innermost last.
    package var namespacePIDs: [Int32]
    package var capabilities: CapabilitySets
    package var noNewPrivileges: Bool
    package var seccomp: SeccompMode
    package var seccompFilterCount: Int
    package var umask: UInt32?

    package enum SeccompMode: Int, Hashable, Sendable { case disabled = 0, strict, filter }

    /// - Returns: `nil` when a field that every kernel shows is not there.
    package init?(parsing text: String) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        func set(_ key: Substring) -> CapabilitySet? {
            fields[key].flatMap { UInt64($0, radix: 16) }.map(CapabilitySet.init(rawValue:))
        }
        func numbers<Number: FixedWidthInteger>(_ key: Substring) -> [Number] {
            (fields[key] ?? "").split { $0 == "\t" || $0 == " " }.compactMap { Number($0) }
        }
        guard
            let pid = fields["Pid"].flatMap({ Int32($0) }), let parent = fields["PPid"].flatMap({ Int32($0) }),
            let bounding = set("CapBnd"), let effective = set("CapEff"), let permitted = set("CapPrm"),
            let inheritable = set("CapInh"), let ambient = set("CapAmb")
        else { return nil }
        name = fields["Name"].map(String.init) ?? ""
        self.pid = pid
        parentPID = parent
        uids = numbers("Uid")
        gids = numbers("Gid")
        groups = numbers("Groups")
        namespacePIDs = numbers("NSpid")
        capabilities = CapabilitySets(
            bounding: bounding, effective: effective, permitted: permitted, inheritable: inheritable, ambient: ambient)
        noNewPrivileges = fields["NoNewPrivs"] == "1"
        seccomp = fields["Seccomp"].flatMap { Int($0) }.flatMap(SeccompMode.init(rawValue:)) ?? .disabled
        seccompFilterCount = fields["Seccomp_filters"].flatMap { Int($0) } ?? 0
        umask = fields["Umask"].flatMap { UInt32($0, radix: 8) }
    }

    /// - Throws: `ENOENT` or `ESRCH` when there is no such process.
    package static func read(pid: Int32) throws(SystemError) -> ProcessStatus {
        let path = "/proc/\(pid)/status"
        guard let status = ProcessStatus(parsing: try Files.readText(path)) else {
            throw SystemError("read \(path): fields are missing", .invalidArgument)
        }
        return status
    }
}
