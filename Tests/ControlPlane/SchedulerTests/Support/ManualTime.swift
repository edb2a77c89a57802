import APIMachinery
import Synchronization

/// A clock that stands until it is moved.
final class ManualTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)
    private let start = Timestamp(seconds: 1_800_000_000, nanoseconds: 0)

    var now: Duration { elapsed.withLock { $0 } }
    var wallTime: Timestamp { start + now }
    func advance(_ duration: Duration) { elapsed.withLock { $0 += duration } }
    /// Nobody sleeps by it.
    func sleep(until due: Duration) async throws(CancellationError) { throw CancellationError() }
}
