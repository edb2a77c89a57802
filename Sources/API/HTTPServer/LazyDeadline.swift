internal import NIOCore

/// A point in time by which something must have happened, cheap to move.
///
/// Moving it is one assignment. A coarse timer looks at it, late by at most the grain, and rests while nothing is due. Confined to its event loop.
final class LazyDeadline {
    private let eventLoop: any EventLoop
    private let grain: TimeAmount
    private var isTimerSet = false
    private var whenMissed: (() -> Void)?
    private var due: NIODeadline?

    init(eventLoop: any EventLoop, grain: TimeAmount) {
        self.eventLoop = eventLoop
        self.grain = grain
    }

    /// - Parameter body: Called once for each time that is set and passes.
    func onMiss(_ body: @escaping () -> Void) { whenMissed = body }

    func set(after time: TimeAmount) {
        due = .now() + time
        if !isTimerSet { setTimer() }
    }

    func clear() { due = nil }

    /// Clears it for good and lets go of its owner.
    func invalidate() {
        due = nil
        whenMissed = nil
    }

    private func setTimer() {
        isTimerSet = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: grain) { bound.value.look() }
    }

    private func look() {
        isTimerSet = false
        guard let due else { return }
        if due <= .now() {
            self.due = nil
            whenMissed?()
        } else {
            setTimer()
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}

extension HTTPServerConfiguration.Timeouts {
    /// How late a deadline may be noticed.
    var grain: TimeAmount { TimeAmount(min(shortest / 2, .seconds(5))) }
}
