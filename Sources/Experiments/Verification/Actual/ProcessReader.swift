internal import Glibc
internal import LinuxSystem

/// What /proc says of a container's first process, proc_pid_status(5) and its siblings.
struct ProcessReader {
    let name: String
    let pid: Int32
    private var proc: String { "/proc/\(pid)" }

    init(name: String, pid: Int32) {
        self.name = name
        self.pid = pid
    }

    func read(programs: [String], knownVariables: Set<String>, into findings: inout Findings) throws {
        let status = try ProcessStatus.read(pid: pid)
        let own = try ProcessStatus.read(pid: getpid())
        readIdentity(status, &findings)
        readCapabilities(status.capabilities, &findings)
        readSecurity(status, own, &findings)
        readLimits(&findings)
        readProgram(programs, &findings)
        readEnvironment(knownVariables, &findings)
    }

    private func readIdentity(_ status: ProcessStatus, _ findings: inout Findings) {
        let place = "\(proc)/status"
        let maps = (uids: IDMap(pid: pid, "uid_map"), gids: IDMap(pid: pid, "gid_map"))
        findings.set("\(name)/process/uid", Self.one(status.uids.map(maps.uids.inside)), at: place)
        findings.set("\(name)/process/gid", Self.one(status.gids.map(maps.gids.inside)), at: place)
        // The primary group is one of them whether it is listed or not.
        let groups = Set(status.groups.map(maps.gids.inside) + status.gids.prefix(1).map(maps.gids.inside))
        findings.set("\(name)/process/groups", list: groups.sorted { ($0.count, $0) < ($1.count, $1) }, at: place)
        if let umask = status.umask {
            let digits = String(umask, radix: 8)
            findings.set("\(name)/process/umask", String(repeating: "0", count: max(0, 4 - digits.count)) + digits, at: place)
        }
        findings.set("\(name)/process/uid_map", maps.uids.text, at: "\(proc)/uid_map")
        findings.set("\(name)/process/gid_map", maps.gids.text, at: "\(proc)/gid_map")
        readText("oom_score_adj", "\(name)/process/oom_score_adj", &findings)
    }

    /// Real, effective, saved and file system id, which are one unless somebody is in the middle of a change.
    private static func one(_ ids: [String]) -> String { Set(ids).count == 1 ? ids[0] : ids.joined(separator: " ") }

    private func readText(_ file: String, _ path: String, _ findings: inout Findings) {
        do {
            findings.set(path, try Files.readText("\(proc)/\(file)").filter { !$0.isNewline }, at: "\(proc)/\(file)")
        } catch {
            findings.fail(path, error, at: "\(proc)/\(file)")
        }
    }

    private func readCapabilities(_ sets: CapabilitySets, _ findings: inout Findings) {
        let all = [
            ("bounding", "CapBnd", sets.bounding), ("effective", "CapEff", sets.effective), ("permitted", "CapPrm", sets.permitted),
            ("inheritable", "CapInh", sets.inheritable), ("ambient", "CapAmb", sets.ambient),
        ]
        for (set, field, value) in all { findings.set("\(name)/capabilities/\(set)", list: value.names, at: "\(proc)/status, \(field)") }
    }

    private func readSecurity(_ status: ProcessStatus, _ own: ProcessStatus, _ findings: inout Findings) {
        let place = "\(proc)/status"
        findings.set("\(name)/security/noNewPrivs", status.noNewPrivileges ? "yes" : "no", at: "\(place), NoNewPrivs")
        // Filters that this machine puts on everybody are not the container's.
        let filters = status.seccompFilterCount - own.seccompFilterCount
        let isConfined = status.seccomp != own.seccomp || filters > 0
        findings.set(
            "\(name)/security/seccomp", isConfined ? (status.seccomp == .strict ? "strict" : "filter") : "unconfined",
            at: "\(place), Seccomp")
        findings.set("\(name)/security/seccompFilters", "\(max(0, filters))", at: "\(place), Seccomp_filters")
    }

    private func readLimits(_ findings: inout Findings) {
        for (limit, value) in ProcessLimits.read(pid: pid) { findings.set("\(name)/limits[\(limit)]", value, at: "\(proc)/limits") }
    }

    private func readProgram(_ programs: [String], _ findings: inout Findings) {
        if let cwd = try? Files.linkTarget("\(proc)/cwd") { findings.set("\(name)/process/cwd", cwd, at: "\(proc)/cwd") }
        if let bytes = try? Files.read("\(proc)/cmdline") {
            let words = bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
            findings.set("\(name)/process/arguments", words.dropLast().joined(separator: " "), at: "\(proc)/cmdline")
        }
        guard let exe = try? Files.linkTarget("\(proc)/exe") else { return }
        var running = stat()
        guard !programs.isEmpty, unsafe stat("\(proc)/exe", &running) == 0, let root = try? ContainerRoot(pid: pid) else {
            return findings.set("\(name)/process/exe", exe, at: "\(proc)/exe")
        }
        let declared = programs.lazy.compactMap { root.status($0) }.first
        let isSame = declared.map { $0.st_dev == running.st_dev && $0.st_ino == running.st_ino } ?? false
        findings.set("\(name)/process/exe", isSame ? "the declared program" : exe, at: "\(proc)/exe")
    }

    private func readEnvironment(_ known: Set<String>, _ findings: inout Findings) {
        let place = "\(proc)/environ"
        guard let bytes = try? Files.read(place) else { return }
        var others: [String] = []
        for entry in bytes.split(separator: 0) {
            let text = String(decoding: entry, as: UTF8.self)
            let variable = String(text.prefix { $0 != "=" })
            findings.set("\(name)/env[\(variable)]", String(text.dropFirst(variable.count + 1)), at: place)
            if !known.contains(variable), !Self.isOfService(variable) { others.append(variable) }
        }
        findings.set("\(name)/env/others", list: others, at: place)
    }

    /// `NAME_SERVICE_HOST`, `NAME_PORT_80_TCP_ADDR` and so on (kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
    private static func isOfService(_ name: String) -> Bool {
        name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.hasSuffix("_PORT") || name.contains("_PORT_")
    }
}

/// /proc/PID/limits.
package enum ProcessLimits {
    /// - Returns: Name → `soft hard`.
    package static func read(pid: Int32) -> [String: String] {
        guard let text = try? Files.readText("/proc/\(pid)/limits") else { return [:] }
        return parse(text)
    }

    /// Columns have a fixed width: the name has 26 characters, soft and hard 21 each (fs/proc/base.c, proc_pid_limits).
    static func parse(_ text: String) -> [String: String] {
        text.split(separator: "\n").dropFirst().reduce(into: [:]) { limits, line in
            let name = line.prefix(26).trimmingSpaces
            let values = line.dropFirst(26).split(separator: " ").prefix(2)
            if values.count == 2 { limits[name] = values.joined(separator: " ") }
        }
    }
}

/// /proc/PID/uid_map, user_namespaces(7), as seen from the reader's namespace.
struct IDMap {
    private var ranges: [(inside: UInt32, outside: UInt32, count: UInt32)] = []
    /// As in the file with single spaces; "the machine's" when it is the reader's own.
    let text: String

    init(pid: Int32, _ file: String) {
        func rows(_ pid: String) -> String {
            ((try? Files.readText("/proc/\(pid)/\(file)")) ?? "").split(separator: "\n")
                .map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: ", ")
        }
        let (other, own) = (rows("\(pid)"), rows("self"))
        let isSame = (try? NamespaceID.of(pid: pid, .user)) == (try? NamespaceID.of(pid: getpid(), .user))
        text = isSame && other == own ? "the machine's" : other
        guard text != "the machine's" else { return }
        ranges = other.split(separator: ",").compactMap { row in
            let numbers = row.split(separator: " ").compactMap { UInt32($0) }
            return numbers.count == 3 ? (numbers[0], numbers[1], numbers[2]) : nil
        }
    }

    /// What a process inside calls an id of the reader's.
    func inside(_ id: UInt32) -> String {
        guard text != "the machine's" else { return "\(id)" }
        let range = ranges.first { id >= $0.outside && id - $0.outside < $0.count }
        return range.map { "\($0.inside + (id - $0.outside))" } ?? "unmapped \(id)"
    }
}

extension Substring {
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
