import ArgumentParser
internal import Glibc
internal import KubernetesAPI
internal import Kubelet
internal import LinuxSystem

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the logs of a container.")

    @OptionGroup var instance: InstanceOptions

    @Argument(help: "Pod: name, namespace/name or UID.")
    var pod: String

    @Option(name: .shortAndLong, help: "Container (default: the only one, or the first with a note which).")
    var container: String?

    @Option(name: .shortAndLong, help: "Namespace of the pod.")
    var namespace: String?

    @Flag(name: .shortAndLong, help: "Go on until the container ends.")
    var follow = false

    @Flag(name: .shortAndLong, help: "The instance before the last restart.")
    var previous = false

    @Flag(help: "Begin each line with its time.")
    var timestamps = false

    @Option(help: "Only so many lines of the end; -1 is all.")
    var tail = -1

    func run() throws {
        try Privilege.requireRoot()
        let records = PodRecords(runDirectory: instance.absoluteRunDirectory)
        let found = try records.find(pod, namespace: namespace, report: Output.warn)
        let status = try containerStatus(of: found)
        guard !previous || status.restartCount > 0 else {
            throw UsageError("previous terminated container \"\(status.name)\" in pod \"\(found.metadata.name ?? "")\" not found")
        }
        let attempt = Int(status.restartCount) - (previous ? 1 : 0)
        let paths = PodPaths(root: instance.absoluteDataDirectory, logs: "\(instance.absoluteDataDirectory)/logs")
        let directory = paths.logDirectory(
            namespace: found.metadata.namespace ?? "default", name: found.metadata.name ?? "", uid: found.metadata.uid ?? "")
        var cursor = ContainerLogCursor(path: "\(directory)/\(paths.logFile(status.name, attempt: UInt32(attempt)))")
        printSoFar(&cursor)
        guard follow, !previous, status.state.terminated == nil else { return }
        try followOn(&cursor, uid: found.metadata.uid ?? "", container: status.name, attempt: attempt, records: records)
    }

    private func containerStatus(of pod: Pod) throws -> ContainerStatus {
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses
        if let container {
            guard let status = statuses.first(where: { $0.name == container }) else {
                throw UsageError("container \(container) is not valid for pod \(pod.metadata.name ?? "")")
            }
            return status
        }
        guard let first = statuses.first else { throw UsageError("pod \(pod.metadata.name ?? "") has no container yet") }
        if pod.spec.containers.count > 1 {
            let names = pod.spec.containers.map(\.name).joined(separator: ", ")
            Output.warn("Defaulted container \"\(first.name)\" out of: \(names)")
        }
        return first
    }

    private func printSoFar(_ cursor: inout ContainerLogCursor) {
        guard tail >= 0 else { return cursor.drain(printLine) }
        var last: [ContainerLogLine] = []
        cursor.drain { line in
            last.append(line)
            if last.count > tail * 2 + 64 { last.removeFirst(last.count - tail) }
        }
        last.suffix(tail).forEach(printLine)
    }

    private func printLine(_ line: ContainerLogLine) {
        var bytes = timestamps ? Array(line.timestamp.utf8) + [UInt8(ascii: " ")] : []
        bytes += line.content
        if !line.isPartial { bytes.append(UInt8(ascii: "\n")) }
        Output.write(bytes, to: line.stream == .stderr ? 2 : 1)
    }

    /// Prints what comes until the record says that this instance of the container has ended.
    private func followOn(
        _ cursor: inout ContainerLogCursor, uid: String, container: String, attempt: Int, records: PodRecords
    ) throws {
        let watch = try DirectoryWatch()
        if let slash = cursor.path.lastIndex(of: "/") { try watch.add(directory: String(cursor.path[..<slash])) }
        try watch.add(directory: records.directory)
        while true {
            let hasEnded = try records.hasEnded(uid: uid, container: container, attempt: attempt)
            cursor.drain(printLine)
            if hasEnded { return }
            watch.wait(timeoutMilliseconds: -1)
        }
    }
}

extension PodRecords {
    /// Whether an instance of a container is over: it terminated, was followed by another, or its pod is gone.
    func hasEnded(uid: String, container: String, attempt: Int) throws -> Bool {
        guard let pod = try all(report: { _ in }).first(where: { $0.metadata.uid == uid }) else { return true }
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses
        guard let status = statuses.first(where: { $0.name == container }) else { return false }
        return status.state.terminated != nil || Int(status.restartCount) > attempt
    }
}
