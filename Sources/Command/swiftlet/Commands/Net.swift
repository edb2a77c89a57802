import ArgumentParser
internal import APIMachinery
internal import KubernetesClient
internal import LinuxSystem
internal import NetworkTrace

struct Net: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "net", abstract: "Show the way that packets take to a pod or a service, and say whether one gets through.",
        subcommands: [NetShow.self, NetTrace.self], defaultSubcommand: NetShow.self)
}

struct NetShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show addresses, interfaces, chains, endpoints and policies of a pod or a service (the default).")

    @OptionGroup var cluster: NetworkLookup

    @Argument(help: "pod/NAME, service/NAME, NAMESPACE/NAME (a pod) or NAME.NAMESPACE.svc.")
    var object: String

    func run() async throws {
        let tracer = try await cluster.tracer()
        let path = try answering { () throws(TraceQuestionError) in
            switch try TraceEnd(parsing: object, namespace: cluster.namespace) {
            case .pod(let key): return try tracer.path(ofPod: key) { PodLinks.describe($0, cluster.directories) }
            case .service(let key): return try tracer.path(ofService: key)
            case .node, .address: throw TraceQuestionError("\(object): write pod/NAME or service/NAME")
            }
        }
        Output.print(cluster.output == .json ? path.json.serializedText(.pretty) : path.text)
    }
}

struct NetTrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Say whether a packet that opens a connection gets through, and which rule decides.",
        discussion: """
            The answer comes from the rules that the node's tables are made of: services' endpoints, traffic policies and source ranges, then the \
            network policies of both ends. Whether a program listens at the end is not looked at.

            The exit code is 0 when it is allowed, 1 when it is refused, dropped, or gets to some of a service's endpoints only.
            """)

    @OptionGroup var cluster: NetworkLookup

    @Argument(help: "Who sends: pod/NAME, NAMESPACE/NAME, node, node/NAME or an address.")
    var from: String

    @Argument(
        help: "To whom: pod/NAME:PORT, service/NAME:PORT, NAME.NAMESPACE.svc:PORT, node:PORT or ADDRESS:PORT, with /udp or /sctp for these."
    )
    var target: String

    func run() async throws {
        let (sender, receiver) = try answering { () throws(TraceQuestionError) in
            (
                try TraceEnd(parsing: from, namespace: cluster.namespace),
                try TraceTarget(parsing: target, namespace: cluster.namespace)
            )
        }
        let tracer = try await cluster.tracer()
        let trace = try answering { () throws(TraceQuestionError) in try tracer.trace(sender, receiver) }
        Output.print(cluster.output == .json ? trace.json.serializedText(.pretty) : trace.text)
        guard trace.isAllowed else { throw ExitCode.answerIsNo }
    }
}

/// A question that has no answer is the asker's to mend.
private func answering<Answer>(_ body: () throws(TraceQuestionError) -> Answer) throws -> Answer {
    do {
        return try body()
    } catch { throw UsageError(error.description) }
}

/// Where the cluster is that is asked about, and how the answer is written.
struct NetworkLookup: ParsableArguments {
    @OptionGroup var directories: DirectoryOptions

    @Option(help: "The API server to ask (default: that of the instance: admin.kubeconfig in the data directory).", completion: .file())
    var kubeconfig: String?

    @Option(name: .shortAndLong, help: "Namespace of names without one.")
    var namespace = "default"

    @Option(name: .shortAndLong, help: "text or json.")
    var output = Format.text

    @Option(help: "What the nodes do with packets that no NetworkPolicy allows, as they were started: drop, reject or off.")
    var networkPolicies = PolicyEnforcement.drop

    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    func tracer() async throws -> PacketTracer {
        let path = kubeconfig.map(InstanceName.absolute) ?? "\(directories.absoluteDataDirectory)/admin.kubeconfig"
        let mend = "start it with swiftlet up, or name another with --kubeconfig"
        guard Files.exists(path) else { throw EnvironmentError(problem: "there is no \(path)", mend: mend) }
        let client = try KubeconfigFile.client(path: path, userAgent: "swiftlet/\(Version.number)")
        do {
            var objects = try await ClusterObjects.read(client)
            if networkPolicies == .off { objects.policies = [] }
            return PacketTracer(objects, refusesLoudly: networkPolicies == .reject)
        } catch { throw EnvironmentError(problem: "\(error)", mend: mend) }
    }
}
