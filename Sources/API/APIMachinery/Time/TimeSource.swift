/// Time as the program sees it: every timer, back-off and time-out asks it.
///
/// Two implementations: the machine's clocks, and a simulation's.
package protocol TimeSource: Sendable {
    /// Since an arbitrary start; never jumps.
    var now: Duration { get }
    /// What goes into objects and is compared with times in them and with the runtime's.
    var wallTime: Timestamp { get }
    /// Returns when `now` has reached `due`.
    func sleep(until due: Duration) async throws(CancellationError)
}

extension TimeSource {
    package func sleep(for duration: Duration) async throws(CancellationError) { try await sleep(until: now + duration) }

    /// When the wall clock will show `time`, by the monotonic clock, unless the wall clock is set meanwhile.
    package func instant(of time: Timestamp) -> Duration { now + (time - wallTime) }
}

/// The machine's clocks.
package struct MachineTime: TimeSource {
    private let start = ContinuousClock.now

    package init() {}

    package var now: Duration { start.duration(to: .now) }
    package var wallTime: Timestamp { .now() }

    package func sleep(until due: Duration) async throws(CancellationError) {
        do {
            try await Task.sleep(until: start.advanced(by: due), clock: .continuous)
        } catch {
            throw CancellationError()
        }
    }
}
