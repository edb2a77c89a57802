/// syncing ──deleted or over──▶ terminating ──containers gone──▶ terminated ──deleted──▶ removed. There is no way back.
package struct PodLifecycle: ~Copyable {
    package enum State: Hashable, Sendable { case syncing, terminating(gracePeriodSeconds: Int64), terminated, removed }
    package enum Event: Hashable, Sendable {
        /// Something may have changed.
        case look
        /// The pod has come to its end by itself: its containers are done, or a deadline has passed.
        case over(gracePeriodSeconds: Int64)
        case deleted(gracePeriodSeconds: Int64)
        case containersGone
        case removed
    }
    package enum Action: Hashable, Sendable { case sync, kill(gracePeriodSeconds: Int64), publishTerminalStatus, remove, nothing }
    package private(set) var state = State.syncing
    /// Less does no container good.
    private static let minGracePeriodSeconds: Int64 = 1

    package init() {}

    package mutating func handle(_ event: Event) -> Action {
        switch (state, event) {
        case (.syncing, .look), (.syncing, .containersGone):  // gone by themselves: the restart policy decides
            return .sync
        case (.syncing, .over(let period)), (.syncing, .deleted(let period)):
            let period = max(period, Self.minGracePeriodSeconds)
            state = .terminating(gracePeriodSeconds: period)
            return .kill(gracePeriodSeconds: period)
        case (.terminating(let current), .deleted(let period)), (.terminating(let current), .over(let period)):
            let period = min(current, max(period, Self.minGracePeriodSeconds))  // a second deletion may only shorten
            state = .terminating(gracePeriodSeconds: period)
            return .kill(gracePeriodSeconds: period)
        case (.terminating(let period), .look):
            return .kill(gracePeriodSeconds: period)  // the attempt before has failed
        case (.terminating, .containersGone):
            state = .terminated
            return .publishTerminalStatus
        case (.terminated, .deleted):
            return .remove
        case (.terminated, .removed):
            state = .removed
            return .nothing
        case (.syncing, .removed), (.terminating, .removed), (.terminated, .look), (.terminated, .over), (.terminated, .containersGone),
            (.removed, _):
            return .nothing
        }
    }
}
