import ArgumentParser
internal import CRI
internal import ContainerRuntime
internal import Glibc
internal import KubernetesAPI

struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "exec", abstract: "Run a command in a running container.")

    @OptionGroup var instance: InstanceOptions

    @Flag(name: .shortAndLong, help: "Pass stdin on.")
    var interactive = false

    @Flag(name: .shortAndLong, help: "Give the command a terminal.")
    var tty = false

    @Option(name: .shortAndLong, help: "Container (default: the first).")
    var container: String?

    @Option(name: .shortAndLong, help: "Namespace of the pod.")
    var namespace: String?

    @Argument(help: "Pod: name, namespace/name or UID.")
    var pod: String

    @Argument(parsing: .postTerminator, help: "The command, behind --.")
    var command: [String]

    func run() async throws {
        try Privilege.requireRoot()
        guard !command.isEmpty else { throw UsageError("you must specify at least one command for the container") }
        guard !tty || isatty(0) == 1 else { throw UsageError("cannot give a terminal: stdin is not one; leave -t out") }
        let found = try PodRecords(runDirectory: instance.absoluteRunDirectory).find(pod, namespace: namespace, report: Output.warn)
        let id = try containerID(in: found)
        let runtime = try Instance.observe(instance.place)
        try await runtime.adoptSandbox(ofContainer: id)
        let code = tty ? try await onTerminal(runtime, id) : try await withDescriptors(runtime, id)
        throw ExitCode(code)
    }

    private func containerID(in pod: Pod) throws -> String {
        if let phase = pod.status.phase, ["Succeeded", "Failed"].contains(phase) {
            throw Refusal("cannot exec into a container in a completed pod; current phase is \(phase)")
        }
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses
        let wanted = container ?? pod.spec.containers.first?.name ?? ""
        if container == nil, pod.spec.containers.count > 1 {
            let names = (pod.spec.containers + pod.spec.initContainers).map(\.name).joined(separator: ", ")
            Output.warn("Defaulted container \"\(wanted)\" out of: \(names)")
        }
        guard let status = statuses.first(where: { $0.name == wanted }) else {
            throw UsageError("container \(wanted) is not valid for pod \(pod.metadata.name ?? "")")
        }
        guard status.state.running != nil, let id = status.containerID?.split(separator: "/").last else {
            throw UsageError("container \(wanted) of pod \(pod.metadata.name ?? "") is not running")
        }
        return String(id)
    }

    private func withDescriptors(_ runtime: NativeRuntime, _ id: String) async throws -> Int32 {
        let streams = try ExecStreams(passesStdin: interactive)
        let running = try await runtime.exec(id, command: command, descriptors: streams.descriptors)
        try streams.handOver()
        let code = try await running.exitCode()
        streams.finish()
        return code
    }

    private func onTerminal(_ runtime: NativeRuntime, _ id: String) async throws -> Int32 {
        let running = try await runtime.exec(id, command: command, descriptors: [], terminal: TerminalSession.size(of: 0))
        guard let master = running.terminal else { return try await running.exitCode() }
        let session = try TerminalSession(local: 0, remote: master.fd.rawValue)
        try session.start()
        let code = try await running.exitCode()
        session.finish()
        return code
    }
}
