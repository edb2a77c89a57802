import ArgumentParser
internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the pods of a manifest once, show their logs, and clean up.",
        discussion: """
            Needs no daemon. ConfigMaps and Secrets may stand beside the pods that use them. The exit code is 0 when all pods succeed, else that of the first failing container in the order of
            the manifest; 1 when a pod fails otherwise or the time is over. SIGINT and SIGTERM end the pods in order.
            """)

    @OptionGroup var instance: InstanceOptions

    @Option(
        name: [.customShort("f"), .customLong("filename")], help: "Manifest: YAML or JSON, several documents; - is stdin.",
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var filename: String

    @Option(help: "End the pods after so long, for example 90s, 5m.")
    var timeout: String?

    @Option(name: .shortAndLong, help: "text, json or junit.")
    var output = RunReport.Format.text

    @OptionGroup var limits: PodLimitOptions

    @OptionGroup var registries: RegistryOptions

    @Flag(help: "Refuse fields that are not acted on, instead of warning.")
    var strict = false

    func run() async throws {
        try Privilege.requireRoot()
        let limit = try timeout.map(TimeSpan.parse)
        let manifest = try Manifests.load(filename, isStrict: strict)
        let opened = try await Instance.open(instance.place, for: .run, registries: registries.files)
        let oneShot = try OneShotRun(opened, manifest, showsLogs: output == .text, podPidsLimit: try limits.podPidsLimit)
        let report = try await oneShot.run(timeout: limit)
        if output != .text { Output.print(report.text(output)) }
        report.problems.forEach { Output.warn("swiftlet: \($0)") }
        throw ExitCode(report.exitCode)
    }
}

/// Manifests as `run` takes them.
enum Manifests {
    /// - Throws: `ManifestRefusal` with every problem of the file, a line each.
    static func load(_ path: String, isStrict: Bool) throws -> PodManifest.Content {
        var content: PodManifest.Content
        do {
            content = try PodManifest.loadWithObjects(path: path)
        } catch {
            throw ManifestRefusal(description: "\(error)")
        }
        let file = path == "-" ? "stdin" : path
        let findings = content.pods.flatMap { pod in UnsupportedFields.find(in: pod).map { (pod, $0) } }
        func line(_ pod: Pod, _ finding: UnsupportedFields.Finding) -> String {
            "\(file): pod \(pod.name): \(finding.path): \(finding.what)"
        }
        // What can never run is refused here, where somebody reads it, and not waited for.
        let refused = findings.filter { isStrict || $0.1.isImpossible }.map(line)
        guard refused.isEmpty else { throw ManifestRefusal(description: refused.joined(separator: "\n")) }
        for finding in findings { Output.warn("warning: \(line(finding.0, finding.1))") }
        content.pods = content.pods.map(identified)
        return content
    }

    /// What an API server would have added.
    private static func identified(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.uid = UID.random().description
        pod.metadata.creationTimestamp = .now()
        return pod
    }
}

/// Already in the form `file:line: field: problem`.
struct ManifestRefusal: Error, CustomStringConvertible { var description: String }

/// `90s`, `5m`, `1h30m`, `500ms`, as Go writes durations.
enum TimeSpan {
    static func parse(_ text: String) throws -> Duration {
        var rest = text[...]
        var total = Duration.zero
        while !rest.isEmpty {
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number), let seconds = seconds(of: unit) else {
                throw UsageError("\"\(text)\" is not a time span: write it as 90s, 5m or 1h30m")
            }
            total += .nanoseconds(Int64(value * seconds * 1e9))
        }
        guard total > .zero else { throw UsageError("\"\(text)\" is not a time span: it must be more than nothing") }
        return total
    }

    private static func seconds(of unit: Substring) -> Double? {
        switch unit {
        case "ms": 0.001
        case "s", "": 1
        case "m": 60
        case "h": 3600
        default: nil
        }
    }
}
