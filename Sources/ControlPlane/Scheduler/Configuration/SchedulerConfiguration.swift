/// What the scheduler has to know; names follow `KubeSchedulerConfiguration`.
package struct SchedulerConfiguration: Sendable {
    /// A profile for each scheduler name whose pods are its own. The first one's queue sort holds for all.
    package var profiles: [SchedulingProfile]
    package var delays = SchedulingQueue.Delays()
    /// How many assignments may be on their way to the API server at once.
    package var bindingsInFlight = 512
    /// Chooses among nodes that are equally good.
    package var seed: UInt64
    /// How many attempts are kept to be explained.
    package var recordedAttempts = 1024

    package init(profiles: [SchedulingProfile] = [.default], seed: UInt64 = .random(in: 0...UInt64.max)) {
        precondition(!profiles.isEmpty, "a scheduler has a profile")
        self.profiles = profiles
        self.seed = seed
    }
}
