import APIMachinery
import Synchronization

/// A time that stands until it is moved.
final class ManualNow: Sendable {
    private let state = Mutex(Timestamp.now().truncatedToSeconds)

    var time: Timestamp { state.withLock { $0 } }
    func advance(_ seconds: Int64) { state.withLock { $0 = $0 + .seconds(seconds) } }
}
