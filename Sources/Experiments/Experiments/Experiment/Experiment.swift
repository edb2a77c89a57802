package import KubernetesAPI

/// Pods, what their programs do, what is done to them, and what is expected of that.
package struct Experiment: Sendable {
    package var name: String
    /// What it teaches.
    package var about: String
    package var seed: UInt64
    package var duration: Duration
    package var repetitions: Int
    package var pods: [Pod]
    package var behaviours: [Behaviour]
    package var steps: [Step]
    /// A real run may be so much later than its expectations say.
    package var tolerance: Duration
    package var node: ExperimentNodeSettings
    package var expectations: [Expectation]
    /// Parameters with the values to try, in the file's order; `${name}` stands for them in the rest of the file.
    package var sweep: [Parameter]

    package struct Parameter: Sendable, Hashable {
        package var name: String
        package var values: [String]
    }

    /// What a simulated container does. The first one that suits an instance counts.
    package struct Behaviour: Sendable {
        /// nil: any pod's.
        package var pod: String?
        package var container: String
        /// nil: each instance.
        package var instance: Int?
        package var exitAfter: Duration?
        package var exitCode: Int32
        package var outOfMemory: Bool
        /// At most so much is added to `exitAfter`, by the seed.
        package var jitter: Duration
        /// nil: it ignores the stop signal.
        package var stopAfter: Duration?
        package var stopCode: Int32
        package var startTakes: Duration
        package var startFails: String?
        package var health: HealthPattern
        /// By an HTTP path or a command's words; others answer by `health`.
        package var answers: [String: HealthPattern]
    }
}

/// How the node agent of an experiment is set, by the names of KubeletConfiguration.
package struct ExperimentNodeSettings: Sendable, Hashable {
    /// When false, all processes of a container die when one is killed for its memory.
    package var singleProcessOOMKill = false
    /// CrashLoopBackOff's longest wait.
    package var maxContainerRestartPeriod = Duration.seconds(300)
}

/// Which happenings are meant: `app started`, `app#1 exited 137`, `app stopping`, `ready`, `unready`, `phase Failed`, `event BackOff`.
package struct HappeningPattern: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    private let container: String
    private let attempt: Int?
    private let verb: String
    private let argument: String?

    package init(parsing text: String) throws(PatternError) {
        var words = text.split(separator: " ").map(String.init)
        description = words.joined(separator: " ")
        let podWords = ["ready", "unready", "phase", "event"]
        var who = ""
        if let first = words.first, !podWords.contains(first) {
            who = first
            words.removeFirst()
        }
        guard let verb = words.first, words.count <= 2 else { throw Self.wrong(text) }
        let parts = who.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.count < 2 || Int(parts[1]) != nil else { throw Self.wrong(text) }
        (container, attempt) = (parts.first ?? "", parts.count == 2 ? Int(parts[1]) : nil)
        self.verb = verb
        argument = words.count == 2 ? words[1] : nil
        let isRight =
            switch verb {
            case "started", "stopping": !who.isEmpty && argument == nil
            case "exited": !who.isEmpty && (argument.map { Int32($0) != nil } ?? true)
            case "ready", "unready": who.isEmpty && argument == nil
            case "phase", "event": argument != nil
            default: false
            }
        guard isRight else { throw Self.wrong(text) }
    }

    private static func wrong(_ text: String) -> PatternError {
        PatternError(
            "\"\(text)\" names nothing that happens: write CONTAINER started, CONTAINER#1 exited 137, CONTAINER stopping, ready, unready, phase Failed or event BackOff"
        )
    }

    package func matches(_ happening: Happening) -> Bool {
        if !container.isEmpty, happening.container != container { return false }
        if let attempt, happening.attempt != attempt { return false }
        switch (verb, happening.what) {
        case ("started", .started), ("stopping", .stopping), ("ready", .ready), ("unready", .unready): return true
        case ("exited", .exited(let code)): return argument == nil || argument == "\(code)"
        case ("phase", .phase(let phase)): return argument == phase
        case ("event", .event(let reason, _)): return argument == reason
        default: return false
        }
    }
}
