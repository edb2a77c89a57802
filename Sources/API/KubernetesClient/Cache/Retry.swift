/// Waits that double from a first to a longest one, with jitter so that many clients don't come back at once.
package struct Retry: Sendable {
    package var first: Duration
    package var longest: Duration
    /// A run at least so long that the next wait is the first again.
    package var resetAfter: Duration
    private var wait: Duration?

    package init(first: Duration = .milliseconds(800), longest: Duration = .seconds(30), resetAfter: Duration = .seconds(120)) {
        self.first = first
        self.longest = longest
        self.resetAfter = resetAfter
    }

    /// - Parameter ran: How long what failed had gone well.
    package mutating func next(after ran: Duration, jitter: Double = .random(in: 0..<1)) -> Duration {
        let base = if let wait, ran < resetAfter { min(wait * 2, longest) } else { first }
        wait = base
        return base * (1 + jitter)
    }
}
