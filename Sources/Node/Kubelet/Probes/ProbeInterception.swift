package import KubernetesAPI

/// One attempt of a probe that is about to be made.
package struct InterceptedProbe: Sendable {
    package let pod: Pod
    package let container: String
    package let kind: ProbeKind
    package let probe: Probe
    package let timeout: Duration
}

/// - Parameter ask: Makes the attempt.
/// - Returns: What counts as its outcome.
package typealias ProbeInterception = @Sendable (_ probe: InterceptedProbe, _ ask: @Sendable () async -> ProbeOutcome) async -> ProbeOutcome
