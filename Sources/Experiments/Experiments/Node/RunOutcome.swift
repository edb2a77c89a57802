package import KubernetesAPI

/// How one run of an experiment went.
package struct RunOutcome: Sendable {
    /// In their order.
    package var happenings: [Happening]
    /// By the pods' names, at the end.
    package var statuses: [String: PodStatus]
    package var facts: [PodFacts]
    package var length: Duration
    /// What the experiment could not do, a line each.
    package var problems: [String] = []

    /// Starts of a container after its first.
    package func restarts(_ pod: String, _ container: String) -> Int {
        max(0, happenings.count { $0.pod == pod && $0.container == container && $0.what == .started } - 1)
    }

    /// Seconds at which each instance of a container was started.
    package func starts(_ pod: String, _ container: String) -> [Duration] {
        happenings.filter { $0.pod == pod && $0.container == container && $0.what == .started }.map(\.at)
    }

    /// When the pod was ready: from and to.
    package func readiness(_ pod: String) -> [(from: Duration, to: Duration)] {
        var windows: [(Duration, Duration)] = []
        var begin: Duration?
        for happening in happenings where happening.pod == pod {
            if happening.what == .ready { begin = begin ?? happening.at }
            if happening.what == .unready, let since = begin {
                windows.append((since, happening.at))
                begin = nil
            }
        }
        if let begin { windows.append((begin, length)) }
        return windows
    }
}
