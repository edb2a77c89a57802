import Synchronization

/// How far the layers of one pull have come, told to one observer in order.
final class PullProgress: Sendable {
    private struct State {
        var totalBytes: Int64 = 0
        var completedBytes: [Digest: Int64] = [:]
        var told: Int64 = 0
    }
    private let state = Mutex(State())
    private let observer: ImageObserver

    init(_ observer: @escaping ImageObserver) { self.observer = observer }

    func begin(totalBytes: Int64) { state.withLock { $0.totalBytes = totalBytes } }

    /// At most once per 256 KiB.
    func layer(_ digest: Digest, _ bytes: Int64) {
        let news = state.withLock { state -> (Int64, Int64)? in
            state.completedBytes[digest] = bytes
            let sum = state.completedBytes.values.reduce(0, +)
            guard sum - state.told >= 256 << 10 || sum < state.told || sum == state.totalBytes else { return nil }
            state.told = sum
            return (sum, state.totalBytes)
        }
        if let (done, total) = news { tell(.downloading, done, total) }
    }

    func tell(_ phase: ImportProgress.Phase, _ completed: Int64 = 0, _ total: Int64? = nil) {
        observer(ImportProgress(phase: phase, completedBytes: completed, totalBytes: total))
    }
}

/// Called from any thread.
package typealias ImageObserver = @Sendable (ImportProgress) -> Void
