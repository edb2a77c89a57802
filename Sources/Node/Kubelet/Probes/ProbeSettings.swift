package import KubernetesAPI

/// When a probe is asked, and how often it must say the same.
package struct ProbeSettings: Sendable, Hashable {
    package var kind: ProbeKind
    /// Since the container's start.
    package var initialDelay: Duration
    package var period: Duration
    /// Of a whole attempt.
    package var timeout: Duration
    package var successThreshold: Int
    package var failureThreshold: Int

    /// - Parameter period: Instead of the probe's own, which has whole seconds only.
    package init(_ kind: ProbeKind, _ probe: Probe, period: Duration? = nil) {
        self.kind = kind
        initialDelay = .seconds(probe.initialDelaySeconds ?? 0)
        self.period = period ?? .seconds(max(1, probe.periodSeconds ?? 10))
        timeout = .seconds(max(1, probe.timeoutSeconds ?? 1))
        successThreshold = Int(max(1, probe.successThreshold ?? 1))
        failureThreshold = Int(max(1, probe.failureThreshold ?? 3))
    }

    /// The tick after that of `tick`. When the attempt took longer than a period, the latest one missed is made up for at once, and the
    /// others are left out, as with Go's ticker.
    package func next(after tick: Duration, now: Duration) -> Duration {
        let next = tick + period
        guard next < now else { return next }
        return tick + period * Int64(((now - tick) / period).rounded(.down))
    }
}
