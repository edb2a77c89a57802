internal import APIMachinery
internal import KubernetesAPI

/// Reads an experiment's file.
package struct ExperimentReader {
    static let apiVersion = "swiftlet.dev/v1"
    var problems: ExperimentProblems
    let mode: ExperimentMode
    private let root: ExperimentFields

    /// One experiment for each combination of the sweep's values; the values stand beside.
    ///
    /// - Parameters:
    ///   - mode: What can't be done in it is refused by name.
    ///   - set: Values for parameters of the sweep, in place of the file's.
    /// - Throws: ``ExperimentError``.
    package static func read(
        _ text: String, file: String, mode: ExperimentMode = .simulated, set: [String: String] = [:]
    ) throws(ExperimentError) -> [(values: [String], experiment: Experiment)] {
        var sweep = try sweep(of: try document(blanked(text), file), file)
        for index in sweep.indices { if let value = set[sweep[index].name] { sweep[index].values = [value] } }
        if let unknown = set.keys.sorted().first(where: { name in !sweep.contains { $0.name == name } }) {
            let names = sweep.map(\.name).joined(separator: ", ")
            throw ExperimentError(lines: [
                "\(file): sweep: there is no parameter \"\(unknown)\": must be one of \(names.isEmpty ? "none" : names)"
            ])
        }
        return try combinations(sweep).map { values throws(ExperimentError) in
            var experiment = try read(text, file: file, mode, values: Array(zip(sweep.map(\.name), values)))
            experiment.sweep = sweep
            return (values, experiment)
        }
    }

    private static func combinations(_ sweep: [Experiment.Parameter]) -> [[String]] {
        sweep.reduce([[]]) { all, parameter in all.flatMap { values in parameter.values.map { values + [$0] } } }
    }

    /// - Parameter values: What stands for the parameters.
    private static func read(
        _ text: String, file: String, _ mode: ExperimentMode, values: [(String, String)]
    ) throws(ExperimentError) -> Experiment {
        let filled = values.reduce(text) { $0.split(separator: "${\($1.0)}", omittingEmptySubsequences: false).joined(separator: $1.1) }
        var reader = ExperimentReader(try document(filled, file), file, mode)
        let experiment = reader.experiment()
        if let error = reader.problems.error { throw error }
        return experiment
    }

    /// With a number where a parameter stands: it need not be YAML before it has a value.
    private static func blanked(_ text: String) -> String {
        var parts = text.split(separator: "${", omittingEmptySubsequences: false).map { $0 }
        for index in parts.indices.dropFirst() {
            guard let end = parts[index].firstIndex(of: "}") else { continue }
            parts[index] = "0" + parts[index][parts[index].index(after: end)...]
        }
        return parts.joined()
    }

    private static func document(_ text: String, _ file: String) throws(ExperimentError) -> YAMLDocument {
        let documents: [YAMLDocument]
        do throws(YAMLError) { documents = try YAMLDocument.documents(parsing: Array(text.utf8)) } catch {
            throw ExperimentError(lines: ["\(file):\(error.line): \(error.message)"])
        }
        guard let first = documents.first, documents.count == 1 else {
            throw ExperimentError(lines: ["\(file): \(documents.count) documents: an experiment's file has one"])
        }
        let problems = first.problems.map { "\(file):\($0.line): \($0.path): \($0.message)" }
        guard problems.isEmpty else { throw ExperimentError(lines: problems) }
        return first
    }

    private static func sweep(of document: YAMLDocument, _ file: String) throws(ExperimentError) -> [Experiment.Parameter] {
        var reader = ExperimentReader(document, file, .simulated)
        let sweep = reader.sweep()
        if let error = reader.problems.error { throw error }
        return sweep
    }

    private init(_ document: YAMLDocument, _ file: String, _ mode: ExperimentMode) {
        self.mode = mode
        problems = ExperimentProblems(file: file, document: document)
        root = ExperimentFields(json: document.json, path: .root)
    }

    private mutating func experiment() -> Experiment {
        problems.checkFields(
            root,
            [
                "apiVersion", "kind", "metadata", "about", "seed", "duration", "tolerance", "repeat", "sweep", "node", "pods", "containers",
                "steps",
                "expect",
            ])
        for (name, wanted) in [("apiVersion", Self.apiVersion), ("kind", "Experiment")] {
            let found = problems.text(root, name)
            if found != wanted { problems.add(root.child(name), "must be \(wanted)" + (found.map { ": got \($0)" } ?? "")) }
        }
        let pods = pods()
        let duration = problems.span(root, "duration")
        if root.json["duration"] == nil { problems.add(root.child("duration"), "is missing: how long to run, such as 10m") }
        let known = KnownNames(pods)
        return Experiment(
            name: root.json["metadata"]?["name"]?.stringValue ?? "experiment", about: problems.text(root, "about") ?? "",
            seed: UInt64(problems.integer(root, "seed", in: 0...Int64.max) ?? 1), duration: duration ?? .zero,
            repetitions: Int(problems.integer(root, "repeat", in: 1...10_000) ?? 1), pods: pods,
            behaviours: problems.items(root, "containers").compactMap { behaviour($0, known) },
            steps: problems.items(root, "steps").compactMap { step($0, known) },
            tolerance: problems.span(root, "tolerance") ?? .seconds(2), node: node(),
            expectations: problems.items(root, "expect").compactMap { expectation($0, known) }, sweep: sweep())
    }

    private mutating func sweep() -> [Experiment.Parameter] {
        guard let sweep = root.json["sweep"], !sweep.isNull else { return [] }
        guard let object = sweep.objectValue else {
            problems.add(root.child("sweep"), "must be a mapping from a name to the list of its values")
            return []
        }
        return object.members.compactMap { member in
            let values = (member.value.arrayValue ?? []).compactMap { $0.stringValue ?? $0.integerValue.map { "\($0)" } }
            if values.isEmpty { problems.add(root.child("sweep").child(member.key), "must be a list of texts or whole numbers, not empty") }
            return values.isEmpty ? nil : Experiment.Parameter(name: member.key, values: values)
        }
    }

    private mutating func node() -> ExperimentNodeSettings {
        var settings = ExperimentNodeSettings()
        guard let json = root.json["node"], !json.isNull else { return settings }
        let fields = ExperimentFields(json: json, path: root.child("node"))
        problems.checkFields(fields, ["singleProcessOOMKill", "maxContainerRestartPeriod"])
        settings.singleProcessOOMKill = problems.flag(fields, "singleProcessOOMKill")
        if let period = problems.span(fields, "maxContainerRestartPeriod") { settings.maxContainerRestartPeriod = period }
        return settings
    }

    private mutating func pods() -> [Pod] {
        let items = problems.items(root, "pods")
        if items.isEmpty { problems.add(root.child("pods"), "is missing: a list of pods, each with metadata and spec") }
        return items.compactMap { item in
            var json = item.json
            if json.objectValue != nil {
                json["apiVersion"] = json["apiVersion"] ?? "v1"
                json["kind"] = json["kind"] ?? "Pod"
            }
            let (decoded, found) = Pod.decode(json, at: item.path)
            guard var pod = decoded else {
                for error in found { problems.add(error.path, error.body) }
                return nil
            }
            if pod.metadata.namespace == nil { pod.metadata.namespace = "default" }
            PodDefaults.apply(to: &pod)
            if mode == .real { checkImages(pod, item.path) }
            for error in found.isEmpty ? PodValidation.validate(pod, at: item.path) : found { problems.add(error.path, error.body) }
            return pod
        }
    }
}

extension ExperimentReader {
    /// Programs that are only simulated can't be run.
    private mutating func checkImages(_ pod: Pod, _ path: FieldPath) {
        for (index, container) in pod.spec.containers.enumerated() where container.image == "simulated" {
            problems.add(
                path.child("spec").child("containers").index(index).child("image"),
                "a real run needs a real image with a command that does what is simulated: such as busybox, see swiftlet image import")
        }
    }
}

/// The names that a file may use.
struct KnownNames {
    let specs: [String: PodSpec]
    let pods: [String]
    let containers: [String: [String]]

    init(_ pods: [Pod]) {
        specs = Dictionary(pods.map { ($0.metadata.name ?? "", $0.spec) }) { first, _ in first }
        self.pods = pods.map { $0.metadata.name ?? "" }
        containers = Dictionary(
            pods.map { ($0.metadata.name ?? "", ($0.spec.initContainers + $0.spec.containers).map(\.name)) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension ExperimentReader {
    /// The pod that a part of the file means: the one it names, or the first.
    mutating func pod(_ fields: ExperimentFields, _ known: KnownNames) -> String {
        let name = problems.text(fields, "pod") ?? known.pods.first ?? ""
        if !known.pods.isEmpty, !known.pods.contains(name) {
            problems.add(fields.child("pod"), "there is no pod \"\(name)\": must be one of \(known.pods.joined(separator: ", "))")
        }
        return name
    }

    /// The container that it names, or the pod's only one.
    mutating func container(_ fields: ExperimentFields, _ field: String, _ pod: String, _ known: KnownNames) -> String {
        let all = known.containers[pod] ?? []
        guard let name = problems.text(fields, field) else {
            if all.count != 1 { problems.add(fields.child(field), "is missing: one of \(all.joined(separator: ", "))") }
            return all.first ?? ""
        }
        if !all.isEmpty, !all.contains(name) {
            problems.add(
                fields.child(field), "there is no container \"\(name)\" in pod \(pod): must be one of \(all.joined(separator: ", "))")
        }
        return name
    }

    private mutating func behaviour(_ fields: ExperimentFields, _ known: KnownNames) -> Experiment.Behaviour? {
        problems.checkFields(fields, ["pod", "name", "instance", "exit", "stop", "start", "health", "answers"])
        guard fields.json.objectValue != nil else { return nil }
        let pod = pod(fields, known)
        var behaviour = Experiment.Behaviour(
            pod: fields.json["pod"] == nil ? nil : pod, container: container(fields, "name", pod, known),
            instance: problems.integer(fields, "instance", in: 0...1_000_000).map { Int($0) }, exitAfter: nil, exitCode: 0,
            outOfMemory: false,
            jitter: .zero, stopAfter: .zero, stopCode: 143, startTakes: .zero, startFails: nil,
            health: problems.health(problems.text(fields, "health"), fields.child("health")), answers: [:])
        for member in fields.json["answers"]?.objectValue?.members ?? [] {
            behaviour.answers[member.key] = problems.health(member.value.stringValue ?? "?", fields.child("answers").key(member.key))
        }
        readEnd(fields, &behaviour)
        return behaviour
    }

    private mutating func readEnd(_ fields: ExperimentFields, _ behaviour: inout Experiment.Behaviour) {
        if let json = fields.json["exit"], !json.isNull {
            let exit = ExperimentFields(json: json, path: fields.child("exit"))
            problems.checkFields(exit, ["after", "code", "outOfMemory", "jitter"])
            behaviour.exitAfter = problems.span(exit, "after") ?? .zero
            behaviour.outOfMemory = problems.flag(exit, "outOfMemory")
            behaviour.exitCode = Int32(problems.integer(exit, "code", in: 0...255) ?? (behaviour.outOfMemory ? 137 : 0))
            behaviour.jitter = problems.span(exit, "jitter") ?? .zero
        }
        if let json = fields.json["stop"], json == "ignored" {
            behaviour.stopAfter = nil
        } else if let json = fields.json["stop"], !json.isNull {
            let stop = ExperimentFields(json: json, path: fields.child("stop"))
            problems.checkFields(stop, ["after", "code"])
            behaviour.stopAfter = problems.span(stop, "after") ?? .zero
            behaviour.stopCode = Int32(problems.integer(stop, "code", in: 0...255) ?? 0)
        }
        if let json = fields.json["start"], !json.isNull {
            let start = ExperimentFields(json: json, path: fields.child("start"))
            problems.checkFields(start, ["takes", "fails"])
            behaviour.startTakes = problems.span(start, "takes") ?? .zero
            behaviour.startFails = problems.text(start, "fails")
        }
    }

    // MARK: Expectations

    private static let claims = ["happens", "never", "order", "restarts", "starts", "ready", "unready", "phase"]

    private mutating func expectation(_ fields: ExperimentFields, _ known: KnownNames) -> Expectation? {
        problems.checkFields(fields, Self.claims + ["pod", "container", "times", "atLeast", "atMost", "after", "within"])
        guard let object = fields.json.objectValue else { return nil }
        let found = Self.claims.filter { object[$0] != nil }
        guard let name = found.first, found.count == 1 else {
            problems.add(fields.path, "needs exactly one of \(Self.claims.joined(separator: ", "))")
            return nil
        }
        let pod = pod(fields, known)
        guard let claim = claim(name, fields, pod, known) else { return nil }
        return Expectation(claim: claim, pod: pod, text: Self.words(fields.json))
    }

    /// `restarts 3, container app`
    private static func words(_ json: JSONValue) -> String {
        (json.objectValue?.members ?? []).map { "\($0.key) \($0.value.stringValue ?? $0.value.serializedText())" }.joined(separator: ", ")
    }

    private mutating func claim(_ name: String, _ fields: ExperimentFields, _ pod: String, _ known: KnownNames) -> Expectation.Claim? {
        switch name {
        case "happens", "never":
            guard let pattern = problems.happening(problems.text(fields, name) ?? "", fields.child(name)) else { return nil }
            let after = problems.text(fields, "after").flatMap { problems.happening($0, fields.child("after")) }
            return .happens(
                pattern, times: name == "never" ? 0...0 : range(fields, least: 1), after: after, within: problems.span(fields, "within"))
        case "order":
            let patterns = problems.items(fields, "order").compactMap { problems.happening($0.json.stringValue ?? "", $0.path) }
            return .order(patterns)
        case "restarts":
            let exact = problems.integer(fields, "restarts", in: 0...1_000_000)
            let isRange = fields.json["atLeast"] != nil || fields.json["atMost"] != nil
            let count = Int(exact ?? 0)
            return .restarts(container: container(fields, "container", pod, known), isRange ? range(fields, least: count) : count...count)
        case "starts":
            let times = problems.items(fields, "starts").compactMap { item -> Duration? in
                let span = SpanText.parse(item.json.stringValue ?? item.json.integerValue.map { "\($0)s" } ?? "")
                if span == nil { problems.add(item.path, "is no span of time: write it as 12s") }
                return span
            }
            return .starts(container: container(fields, "container", pod, known), times)
        case "ready", "unready":
            let window = ExperimentFields(json: fields.json[name] ?? .null, path: fields.child(name))
            problems.checkFields(window, ["from", "to"])
            guard let from = problems.span(window, "from"), let to = problems.span(window, "to"), from < to else {
                problems.add(window.path, "needs from and to, such as {from: 10s, to: 60s}")
                return nil
            }
            return .readiness(name == "ready", from: from, to: to)
        default: return .phase(problems.text(fields, "phase") ?? "")
        }
    }

    private mutating func range(_ fields: ExperimentFields, least: Int) -> ClosedRange<Int> {
        if let times = problems.integer(fields, "times", in: 0...1_000_000) { return Int(times)...Int(times) }
        let low = problems.integer(fields, "atLeast", in: 0...1_000_000).map { Int($0) } ?? (fields.json["atMost"] == nil ? least : 0)
        let high = problems.integer(fields, "atMost", in: 0...1_000_000).map { Int($0) } ?? Int.max
        guard low <= high else {
            problems.add(fields.path, "atLeast must not be more than atMost")
            return low...low
        }
        return low...high
    }
}

extension String {
    var trimmed: String {
        var text = self[...]
        while text.first == " " { text = text.dropFirst() }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
