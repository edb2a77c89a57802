package import APIMachinery
package import Kubelet
package import KubernetesAPI

/// What is known of a pod at one moment, from everybody who knows something of it. What nobody could be asked for is nil or empty.
package struct PodFacts: Sendable {
    package enum Found<Object: Sendable>: Sendable {
        case found(Object)
        case missing
        /// Nobody was asked, or nobody answered.
        case unknown

        package var object: Object? { if case .found(let object) = self { object } else { nil } }
        package var isMissing: Bool { if case .missing = self { true } else { false } }
    }

    package var namespace: String
    package var name: String
    package var now: Timestamp
    /// nil: there is none.
    package var pod: Pod?
    /// About the pod, and where there is no pod about whoever should have made it; in any order.
    package var events: [Event] = []
    /// Of `spec.nodeName`.
    package var node: Found<Node> = .unknown
    /// Of the pod's volumes, by the claim's name.
    package var claims: [String: Found<PersistentVolumeClaim>] = [:]
    /// Attempts to find a node, the last first, in the form of `SchedulingRecord.json`. Empty also where the scheduler is another process.
    package var scheduling: [JSONValue] = []
    /// What the node agent remembers, oldest first.
    package var steps: [PodStep] = []
    /// In the form of `ProbeHistory.json`.
    package var probes: [JSONValue] = []
    /// Why some of it is not known, a line each.
    package var gaps: [String] = []

    package init(namespace: String, name: String, now: Timestamp, pod: Pod? = nil) {
        self.namespace = namespace
        self.name = name
        self.now = now
        self.pod = pod
    }

    package var reference: String { "\(namespace)/\(name)" }
}

extension PodFacts {
    /// The latest event for one of these reasons about the pod, or about one container of it.
    func latest(_ reasons: Set<String>, container: String? = nil, containing text: String = "") -> Event? {
        events.filter { event in
            guard reasons.contains(event.reason ?? "") else { return false }
            if let container, event.container != container { return false }
            return text.isEmpty || (event.message ?? "").contains(text)
        }.max { ($0.time ?? .distantPast) < ($1.time ?? .distantPast) }
    }
}

extension Event {
    /// When it was last seen.
    var time: Timestamp? {
        [series?.lastObservedTime.map(\.timestamp), lastTimestamp, eventTime.map(\.timestamp), firstTimestamp, metadata.creationTimestamp]
            .compactMap { $0 }.first
    }

    /// Of `spec.containers{app}`; empty for one of the pod.
    var container: String {
        guard let path = involvedObject.fieldPath, let open = path.firstIndex(of: "{"), path.last == "}" else { return "" }
        return String(path[path.index(after: open)...].dropLast())
    }

    var times: Int { Int(max(series?.count ?? 0, count ?? 0, 1)) }

    /// `Reason: message (3 times, 12s ago)`
    func line(at now: Timestamp) -> String {
        let ago = time.map { ", \(ShortTime.text(now - $0)) ago" } ?? ""
        let often = times == 1 ? "once" : "\(times) times"
        return "event \(reason ?? ""): \(message ?? "") (\(often)\(ago))"
    }
}

extension Timestamp {
    static let distantPast = Timestamp(seconds: 0, nanoseconds: 0)
}
