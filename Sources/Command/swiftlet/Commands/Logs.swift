import ArgumentParser
internal import APIMachinery
internal import Glibc
internal import KubernetesAPI
internal import Kubelet
internal import LinuxSystem

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Print the logs of a container.")

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

    @Option(help: "Only what is not older than this, for example 5s, 2m, 3h.")
    var since: String?

    @Option(help: "Only what was written after this time (RFC 3339).")
    var sinceTime: String?

    func run() throws {
        try Privilege.requireRoot()
        var printer = try makePrinter()
        let records = PodRecords(runDirectory: instance.absoluteRunDirectory)
        let found = try records.find(pod, namespace: namespace, report: Output.warn)
        let status = try containerStatus(of: found)
        try refuseWaiting(status, found)
        guard !previous || status.restartCount > 0 else {
            throw UsageError("previous terminated container \"\(status.name)\" in pod \"\(found.metadata.name ?? "")\" not found")
        }
        let attempt = Int(status.restartCount) - (previous ? 1 : 0)
        let paths = PodPaths(root: instance.absoluteDataDirectory, logs: "\(instance.absoluteDataDirectory)/logs")
        let directory = paths.logDirectory(
            namespace: found.metadata.namespace ?? "default", name: found.metadata.name ?? "", uid: found.metadata.uid ?? "")
        var cursor = ContainerLogCursor(path: "\(directory)/\(paths.logFile(status.name, attempt: UInt32(attempt)))")
        printer.printSoFar(&cursor)
        guard follow, !previous else { return }
        try followOn(&cursor, &printer, uid: found.metadata.uid ?? "", container: status.name, attempt: attempt, records: records)
    }

    private func makePrinter() throws -> LogPrinter {
        guard tail >= -1 else { throw UsageError("--tail must be greater than or equal to -1") }
        var printer = LogPrinter()
        printer.tail = tail >= 0 ? tail : nil
        printer.showsTimestamps = timestamps
        switch (since, sinceTime) {
        case (nil, nil): break
        case (let span?, nil): printer.since = Timestamp.now() - (try TimeSpan.parse(span))
        case (nil, let text?):
            guard let time = Timestamp(text) else { throw UsageError("--since-time \(text): is no time: write it as 2026-01-31T13:00:00Z") }
            printer.since = time
        case (_?, _?): throw UsageError("at most one of --since and --since-time may be used")
        }
        return printer
    }

    /// A container that has never begun has no log, which is not the same as an empty one.
    private func refuseWaiting(_ status: ContainerStatus, _ pod: Pod) throws {
        guard let waiting = status.state.waiting, status.containerID == nil, status.lastState.terminated == nil else { return }
        let reason = [waiting.reason ?? "", waiting.message ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        throw Refusal("container \"\(status.name)\" in pod \"\(pod.metadata.name ?? "")\" is waiting to start: \(reason)")
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

    /// Prints what comes until the record says that this instance of the container has ended.
    private func followOn(
        _ cursor: inout ContainerLogCursor, _ printer: inout LogPrinter, uid: String, container: String, attempt: Int, records: PodRecords
    ) throws {
        let watch = try DirectoryWatch()
        if let slash = cursor.path.lastIndex(of: "/") { try watch.add(directory: String(cursor.path[..<slash])) }
        try watch.add(directory: records.directory)
        while true {
            let hasEnded = try records.hasEnded(uid: uid, container: container, attempt: attempt)
            printer.printNew(&cursor)
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
        let waitsAfterEnd = status.state.waiting != nil && status.lastState.terminated != nil
        return status.state.terminated != nil || waitsAfterEnd || Int(status.restartCount) > attempt
    }
}
