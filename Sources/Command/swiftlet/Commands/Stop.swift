import ArgumentParser
internal import KubernetesAPI
internal import Kubelet

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End a pod in order: preStop hooks, stop signal, grace, kill.",
        discussion: "A pod from the agent's manifest directory starts again when its file changes.")

    @OptionGroup var instance: InstanceOptions

    @Argument(help: "Pods: name, namespace/name or UID.")
    var pods: [String]

    @Option(name: .shortAndLong, help: "Namespace of the pods.")
    var namespace: String?

    @Option(name: .shortAndLong, help: "Grace in seconds (default: the pod's own).")
    var time: Int64?

    func run() throws {
        try Privilege.requireRoot()
        let records = PodRecords(runDirectory: instance.absoluteRunDirectory)
        let found = try pods.map { try records.find($0, namespace: namespace, report: Output.warn) }
        try PodEnding(records: records).end(found, graceSeconds: time)
        found.forEach { Output.print($0.metadata.name ?? "") }
    }
}

struct Rm: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove what is left of ended pods: records and logs.")

    @OptionGroup var instance: InstanceOptions

    @Argument(help: "Pods: name, namespace/name or UID.")
    var pods: [String]

    @Option(name: .shortAndLong, help: "Namespace of the pods.")
    var namespace: String?

    @Flag(name: .shortAndLong, help: "End running pods first, at once.")
    var force = false

    func run() throws {
        try Privilege.requireRoot()
        let records = PodRecords(runDirectory: instance.absoluteRunDirectory)
        let found = try pods.map { try records.find($0, namespace: namespace, report: Output.warn) }
        for pod in found where !force && !["Succeeded", "Failed"].contains(pod.status.phase ?? "") {
            throw UsageError("pod \(pod.metadata.name ?? "") is \(pod.status.phase ?? "Pending"): stop it first, or use --force")
        }
        try PodEnding(records: records).end(found, graceSeconds: 0)
        found.forEach { Output.print($0.metadata.name ?? "") }
    }
}
