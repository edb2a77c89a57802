internal import CRI
internal import KubernetesAPI

/// What the probes of a pod say of its containers' instances.
package struct ProbeVerdicts: Sendable, Hashable {
    package struct Key: Sendable, Hashable {
        /// The runtime's.
        package var containerID: String
        package var kind: ProbeKind
        package init(_ containerID: String, _ kind: ProbeKind) {
            self.containerID = containerID
            self.kind = kind
        }
    }
    private var verdicts: [Key: ProbeVerdict] = [:]

    package init() {}

    /// nil: nobody has asked yet.
    package subscript(containerID: String, kind: ProbeKind) -> ProbeVerdict? {
        get { verdicts[Key(containerID, kind)] }
        set { verdicts[Key(containerID, kind)] = newValue }
    }

    package var containerIDs: Set<String> { Set(verdicts.keys.map(\.containerID)) }

    package mutating func remove(containerID: String) { verdicts = verdicts.filter { $0.key.containerID != containerID } }

    /// Whether a running container is past its start.
    package func isStarted(_ container: Container, id: String) -> Bool {
        container.startupProbe == nil || self[id, .startup] == .success
    }

    /// Whether a running container takes work.
    package func isReady(_ container: Container, id: String) -> Bool {
        isStarted(container, id: id) && (container.readinessProbe == nil || self[id, .readiness] == .success)
    }

    /// The probe that wants a running container ended.
    package func complaint(_ container: Container, id: String) -> ProbeKind? {
        if container.livenessProbe != nil, self[id, .liveness] == .failure { return .liveness }
        if container.startupProbe != nil, self[id, .startup] == .failure { return .startup }
        return nil
    }
}

// What is kept over a restart of the agent: a line for each verdict.
extension ProbeVerdicts {
    /// `<container id> <kind> <verdict>`, sorted.
    var text: String {
        verdicts.map { "\($0.key.containerID) \($0.key.kind.rawValue) \($0.value.rawValue)\n" }.sorted().joined()
    }

    /// Lines that make no sense are left out.
    init(parsing text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let kind = ProbeKind(rawValue: String(words[1])), let verdict = ProbeVerdict(rawValue: String(words[2]))
            else { continue }
            self[String(words[0]), kind] = verdict
        }
    }
}
