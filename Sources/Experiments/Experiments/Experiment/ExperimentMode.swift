/// How an experiment is run.
package enum ExperimentMode: String, Sendable {
    /// With scripted programs in simulated time.
    case simulated
    /// With real pods of this machine, in its time.
    case real
}
