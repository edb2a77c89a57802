internal import KubernetesAPI

/// What a probe finds out about a container.
package enum ProbeKind: String, Sendable, Hashable, CaseIterable {
    case startup, liveness, readiness

    /// At the beginning of messages.
    var title: String {
        switch self {
        case .startup: "Startup"
        case .liveness: "Liveness"
        case .readiness: "Readiness"
        }
    }

    /// What counts until the probe has said something.
    var initialVerdict: ProbeVerdict {
        switch self {
        case .startup: .unknown
        case .liveness: .success
        case .readiness: .failure
        }
    }

    func probe(of container: Container) -> Probe? {
        switch self {
        case .startup: container.startupProbe
        case .liveness: container.livenessProbe
        case .readiness: container.readinessProbe
        }
    }
}

/// What a probe has come to, after its thresholds.
package enum ProbeVerdict: String, Sendable, Hashable { case success, failure, unknown }

/// What one attempt has come to.
package enum ProbeOutcome: Sendable, Hashable {
    case success
    /// Well, but worth a word.
    case warning(String)
    case failure(String)
    /// The attempt itself went wrong: it says nothing about the container.
    case error(String)
}
