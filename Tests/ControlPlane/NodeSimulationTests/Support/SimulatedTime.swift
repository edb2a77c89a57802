import APIMachinery
import CRI
import Storage

/// The clock of a simulation, as each part wants to see it.
struct SimulatedTime: TimeSource, StorageClock {
    let clock: SimulatedClock

    var now: Duration { clock.elapsed }
    var wallTime: Timestamp { Timestamp(nanosecondsSinceEpoch: clock.wallNanoseconds) }
    func sleep(until due: Duration) async throws(CancellationError) { try await clock.sleep(until: due) }

    // Of the store.
    var millisecondsSinceEpoch: Int64 { clock.wallNanoseconds / 1_000_000 }
    func sleep(for duration: Duration) async throws { try await clock.sleep(until: now + duration) }
}

/// The same as the API server wants it.
struct ServerClock: Clock {
    struct Instant: InstantProtocol {
        var time: Duration
        func advanced(by duration: Duration) -> Instant { Instant(time: time + duration) }
        func duration(to other: Instant) -> Duration { other.time - time }
        static func < (left: Instant, right: Instant) -> Bool { left.time < right.time }
    }
    let clock: SimulatedClock
    var now: Instant { Instant(time: clock.elapsed) }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws { try await clock.sleep(until: deadline.time) }
}
