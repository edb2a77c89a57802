/// A pod that waits for a node. Times are of the clock that never jumps.
package struct QueuedPod: Sendable {
    package var info: PodInfo
    /// When it last came into the queue; among equals who waits longest is first.
    package var since: Duration
    package let firstSeen: Duration
    /// How often a node was looked for.
    package var attempts = 0
    /// The plugins whose refusal it waits on; empty when anything might help.
    package var refusedBy: Set<String> = []
    /// It may not be tried before.
    package var backOffUntil: Duration
    /// The last attempt broke off, it was not refused: the whole back-off is waited for.
    package var hasFailed = false
    /// What keeps it out of the queue.
    package var gate: Refusal?

    package init(_ info: PodInfo, at now: Duration) {
        self.info = info
        since = now
        firstSeen = now
        backOffUntil = now
    }
}
