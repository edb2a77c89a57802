package import APIMachinery
package import CRI

/// The clock of a simulation as the node agent's source of time.
extension SimulatedClock: TimeSource {
    package var now: Duration { elapsed }
    package var wallTime: Timestamp { Timestamp(nanosecondsSinceEpoch: wallNanoseconds) }
}
