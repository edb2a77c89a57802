internal import APIMachinery
internal import KubernetesAPI
internal import LinuxSystem

/// The pods of an instance as their owners last saw them: a `v1.Pod` in a JSON file each, below the run directory.
///
/// The owner (the agent, or a `swiftlet run`) writes; `ps`, `logs`, `exec`, `stop` and `rm` read. Requests go the other way:
/// an empty file `requests/<UID>.<seconds>` asks the owner to end a pod with that grace.
struct PodRecords: Sendable {
    let directory: String
    let requests: String

    static let ownerAnnotation = "swiftlet.dev/owner"

    init(runDirectory: String) {
        directory = "\(runDirectory)/status"
        requests = "\(runDirectory)/requests"
    }

    func prepare() throws {
        for path in [directory, requests] { try Files.makeDirectories(path, mode: 0o711) }
    }

    func write(_ pod: Pod) throws {
        try Files.replace(path(pod.metadata.uid ?? ""), with: pod.json.serialized(.compact), mode: 0o600, durably: false)
    }

    func remove(uid: String) throws { try Files.remove(path(uid)) }

    /// Removes what writers that were killed have left half-written. Only for who is alone here.
    func removeDrafts() throws {
        for path in [directory, requests] {
            for name in try names(in: path) where name.hasSuffix(Self.draftSuffix) { try Files.remove("\(path)/\(name)") }
        }
    }

    /// That of `Files.replace`.
    private static let draftSuffix = ".new"

    /// All pods, by namespace and name. A damaged record is left out and named in `report`.
    func all(report: (String) -> Void) throws -> [Pod] {
        try names(in: directory).filter { $0.hasSuffix(".json") }.compactMap { name in
            try read("\(directory)/\(name)", report: report)
        }.sorted { ($0.metadata.namespace ?? "", $0.metadata.name ?? "") < ($1.metadata.namespace ?? "", $1.metadata.name ?? "") }
    }

    private func read(_ path: String, report: (String) -> Void) throws -> Pod? {
        do {
            return Pod.decode(try JSONValue(parsing: try Files.read(path)), options: .lenient).0
        } catch let error as SystemError where error.errno == .noSuchFile {
            return nil  // removed since the directory was read
        } catch {
            report("record \(path): \(error)")
            return nil
        }
    }

    /// None when the instance was never used.
    private func names(in path: String) throws -> [String] { Files.exists(path) ? try Files.names(in: path) : [] }

    private func path(_ uid: String) -> String { "\(directory)/\(uid).json" }

    // MARK: - Requests

    func requestEnd(uid: String, graceSeconds: Int64) throws {
        try Files.replace("\(requests)/\(uid).\(graceSeconds)", with: [], durably: false)
    }

    /// Takes the requests that wait.
    func takeRequests() throws -> [(uid: String, graceSeconds: Int64)] {
        try names(in: requests).compactMap { name in
            guard let dot = name.lastIndex(of: "."), let grace = Int64(name[name.index(after: dot)...]) else { return nil }
            try Files.remove("\(requests)/\(name)")
            return (String(name[..<dot]), grace)
        }
    }
}

extension PodRecords {
    /// Finds the pod that a command line names: `name`, `pod/name`, `namespace/name` or a UID.
    func find(_ reference: String, namespace: String?, report: (String) -> Void) throws -> Pod {
        let parts = reference.split(separator: "/").map(String.init)
        let name = parts.last ?? reference
        var wanted = namespace
        if parts.count == 2, !["pod", "pods", "po"].contains(parts[0]) { wanted = parts[0] }
        let matching = try all(report: report).filter { pod in
            pod.metadata.uid == reference
                || (pod.metadata.name == name && (wanted == nil || pod.metadata.namespace == wanted))
        }
        guard let first = matching.first else { throw UsageError("pod \"\(reference)\" not found") }
        guard matching.count == 1 else {
            let names = matching.map { "\($0.metadata.namespace ?? "")/\($0.metadata.name ?? "")" }.joined(separator: ", ")
            throw UsageError("pod \"\(reference)\" is ambiguous: \(names)")
        }
        return first
    }
}
