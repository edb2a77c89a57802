import ArgumentParser
internal import APIMachinery
internal import Experiments
internal import Kubelet
internal import KubernetesAPI
internal import KubernetesClient
internal import LinuxSystem

/// Finds a pod and all that is known of it: at the API server, and at the daemons of the instance.
struct PodLookup: ParsableArguments {
    @OptionGroup var directories: DirectoryOptions

    @Option(help: "The API server to ask (default: that of the instance: admin.kubeconfig in the data directory).", completion: .file())
    var kubeconfig: String?

    @Option(name: .shortAndLong, help: "Namespace of the pod.")
    var namespace: String?

    @Argument(help: "The pod: pod/NAME, NAME or NAMESPACE/NAME.")
    var pod: String

    /// - Throws: `UsageError` for a name that is none; `EnvironmentError` when there is nobody to ask.
    func facts() async throws -> PodFacts {
        let (namespace, name) = try place()
        guard let client = try client() else { return try localFacts(namespace, name) }
        do {
            var facts = try await PodFactsReader(client).read(namespace: namespace, name: name, now: .now())
            ask(&facts)
            return facts
        } catch {
            // The pods of this machine are known without it.
            if let facts = try? localFacts(namespace, name), facts.pod != nil { return facts }
            throw EnvironmentError(problem: "\(error)", mend: "start it with swiftlet up, or name another with --kubeconfig")
        }
    }

    private func place() throws -> (namespace: String, name: String) {
        let parts = pod.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isKind = parts.count == 2 && ["pod", "pods", "po"].contains(parts[0])
        guard parts.count <= 2, let name = parts.last, NameValidation.dns1123Subdomain(name).isEmpty else {
            throw UsageError("\(pod): is no pod: write pod/NAME, NAME or NAMESPACE/NAME")
        }
        return (parts.count == 2 && !isKind ? parts[0] : namespace ?? "default", name)
    }

    /// nil: the instance has no control plane.
    private func client() throws -> Client? {
        let path = kubeconfig.map(InstanceName.absolute) ?? "\(directories.absoluteDataDirectory)/admin.kubeconfig"
        if kubeconfig == nil, !Files.exists(path) { return nil }
        return try KubeconfigFile.client(path: path, userAgent: "swiftlet/\(Version.number)")
    }

    /// What the agent of this machine knows, without an API server.
    private func localFacts(_ namespace: String, _ name: String) throws -> PodFacts {
        let records = try PodRecords(runDirectory: directories.absoluteRunDirectory).all(report: Output.warn)
        var facts = PodFacts(namespace: namespace, name: name, now: .now())
        facts.pod = records.first { $0.metadata.name == name && $0.metadata.namespace == namespace }
        facts.gaps.append("there is no API server to ask for events")
        ask(&facts)
        return facts
    }

    /// What only the daemons know; they may be others than those of this instance, and away.
    private func ask(_ facts: inout PodFacts) {
        var isAnswered = false
        for role in [ControlSocket.Role.server, .agent] {
            do {
                let question = ControlQuestion.pod(namespace: facts.namespace, name: facts.name)
                guard let answer = try ControlSocket.ask(question, of: role, runDirectory: directories.absoluteRunDirectory) else {
                    continue
                }
                facts.add(daemonAnswer: answer)
                isAnswered = true
            } catch { facts.gaps.append("what the \(role.rawValue) remembers: \(error)") }
        }
        if !isAnswered {
            facts.gaps.append("no daemon of \(directories.absoluteRunDirectory) answers: steps, probes and scheduling attempts")
        }
    }
}
