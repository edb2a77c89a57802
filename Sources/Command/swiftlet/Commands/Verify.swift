import ArgumentParser
internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI
internal import LinuxSystem
internal import Verification

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare what a pod asked for with what the kernel has.",
        discussion: """
            A file is started, verified once its containers run, and removed. pod/NAME and --all look at running pods of this instance, without \
            touching them. --pid looks at a container that anything else has started, beside the manifest it was to follow. Every difference shows what \
            was wanted, what was found and where, and why it matters. The exit code is 1 on any difference, also when something that was asked for can't \
            be put in force on this machine.
            """)

    @OptionGroup var instance: InstanceOptions

    @Flag(help: "All running pods of this instance.")
    var all = false

    @Option(help: "First process of a container that was started by something else; with --container and -f.")
    var pid: Int32?

    @Option(name: .shortAndLong, help: "Which container of the manifest the process is (default: the first).")
    var container: String?

    @Option(
        name: [.customShort("f"), .customLong("filename")], help: "Manifest of the pod that --pid belongs to; - is stdin.",
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var filename: String?

    @Option(name: .shortAndLong, help: "Namespace of the pod.")
    var namespace: String?

    @Option(help: "File with more expectations.", completion: .file(extensions: ["yaml", "yml"]))
    var expect: String?

    @Option(help: "How long the containers of a file may take to run.")
    var timeout = "60s"

    @Option(name: .shortAndLong, help: "table, json, junit or tap.")
    var output = ReportFormat.table

    @Flag(help: "Show also what is as it should be; with json the whole tree that was read.")
    var allItems = false

    @Argument(
        help: "Manifest (YAML or JSON), or pod/NAME, NAMESPACE/NAME or UID of a running pod.",
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var target: String?

    func run() async throws {
        try Privilege.requireRoot()
        let begin = ContinuousClock.now
        let extra = try expect.map(expectations) ?? []
        let pods = try await verifications(extra)
        let report = VerifyReport(pods: pods, duration: ContinuousClock.now - begin)
        Output.print(report.text(output, all: allItems))
        guard report.isRight else { throw ExitCode.answerIsNo }
    }

    private func expectations(_ path: String) throws -> [Expectation] {
        do {
            return try ExpectFile.parse(try Files.read(path), file: path)
        } catch let invalid as ExpectFile.Invalid {
            throw ManifestRefusal(description: "\(invalid)")
        } catch { throw UsageError("\(error)") }
    }

    private func verifications(_ extra: [Expectation]) async throws -> [PodVerification] {
        let facts = VerificationFacts(instance.place)
        switch (target, all, pid) {
        case (nil, false, let pid?): return [try foreign(pid, facts, extra)]
        case (nil, true, nil): return try running(facts).map { PodVerification($0, extra: extra) }
        case (let target?, false, nil) where Self.isFile(target): return try await started(target, facts, extra)
        case (let target?, false, nil): return [PodVerification(try running(target, facts), extra: extra)]
        default: throw UsageError("name one of a manifest, pod/NAME, --all, or --pid with -f")
        }
    }

    /// A name has no dot-suffix of manifests, and a manifest that is there is one.
    private static func isFile(_ target: String) -> Bool {
        target == "-" || [".yaml", ".yml", ".json"].contains { target.hasSuffix($0) }
            || (Files.exists(target) && !Files.isDirectory(target))
    }

    private func foreign(_ pid: Int32, _ facts: VerificationFacts, _ extra: [Expectation]) throws -> PodVerification {
        guard let filename else { throw UsageError("--pid needs the manifest that the container was to follow: -f POD.yaml") }
        let pods = try Manifests.load(filename, isStrict: false).pods
        guard pods.count == 1, let pod = pods.first else { throw UsageError("\(filename): --pid needs one pod, it has \(pods.count)") }
        return PodVerification(try facts.facts(pod, container: container ?? pod.spec.containers.first?.name ?? "", pid: pid), extra: extra)
    }

    private func records() -> PodRecords { PodRecords(runDirectory: instance.absoluteRunDirectory) }

    private func running(_ facts: VerificationFacts) throws -> [PodFacts] {
        try records().all(report: Output.warn).filter { $0.status.phase == "Running" }.map {
            try facts.facts($0, processes: Self.processes($0))
        }
    }

    private func running(_ reference: String, _ facts: VerificationFacts) throws -> PodFacts {
        let pod = try records().find(reference, namespace: namespace, report: Output.warn)
        let processes = Self.processes(pod)
        guard !processes.isEmpty else {
            throw Refusal("no container of pod \(pod.metadata.name ?? "") runs; its phase is \(pod.status.phase ?? "Pending")")
        }
        return try facts.facts(pod, processes: processes)
    }

    /// As the owner of the pod has noted them.
    private static func processes(_ pod: Pod) -> [String: Int32] {
        let statuses = pod.status.containerStatuses + pod.status.initContainerStatuses + pod.status.ephemeralContainerStatuses
        return statuses.reduce(into: [:]) { processes, status in
            guard status.state.running != nil else { return }
            processes[status.name] = pod.metadata.annotations[PodSummary.pidAnnotation(status.name)].flatMap { Int32($0) }
        }
    }

    private func started(_ path: String, _ facts: VerificationFacts, _ extra: [Expectation]) async throws -> [PodVerification] {
        let limit = try TimeSpan.parse(timeout)
        let manifest = try Manifests.load(path, isStrict: false)
        var facts = facts
        facts.objects = manifest.objects
        let opened = try await Instance.open(instance.place, for: .run)
        return try await VerificationRun(opened, manifest, facts).run(timeout: limit, extra: extra)
    }
}
