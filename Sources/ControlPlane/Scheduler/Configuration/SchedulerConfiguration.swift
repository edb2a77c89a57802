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

/// A small generator of random numbers (SplitMix64), so that a seed repeats every choice.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
