/// Tokens that come at a steady rate up to a number; each take uses one, if need be one that is still to come.
package struct TokenBucket: Sendable {
    let ratePerSecond: Double
    let burst: Double
    private var tokens: Double
    private var last: Duration?

    package init(ratePerSecond: Double, burst: Int) {
        self.ratePerSecond = ratePerSecond
        self.burst = Double(burst)
        tokens = Double(burst)
    }

    /// - Returns: How long to wait until the token is there.
    package mutating func reserve(at now: Duration) -> Duration {
        refill(now)
        tokens -= 1
        return tokens >= 0 ? .zero : .seconds(-tokens / ratePerSecond)
    }

    /// - Returns: Whether there was one.
    package mutating func take(at now: Duration) -> Bool {
        refill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    private mutating func refill(_ now: Duration) {
        if let last { tokens = min(burst, tokens + (now - last) / .seconds(1) * ratePerSecond) }
        last = now
    }
}

/// How long an item that failed waits: doubling per item, and no more than some per second over all (client-go's default: 5 ms to 1000 s, 10/s, burst 100).
package struct RetryDelays<Key: Hashable & Sendable>: Sendable {
    let first: Duration
    let longest: Duration
    private var failures: [Key: Int] = [:]
    private var bucket: TokenBucket

    package init(
        first: Duration = .milliseconds(5), longest: Duration = .seconds(1000), bucket: TokenBucket = .init(ratePerSecond: 10, burst: 100)
    ) {
        self.first = first
        self.longest = longest
        self.bucket = bucket
    }

    package mutating func next(for key: Key, at now: Duration) -> Duration {
        let count = failures[key, default: 0]
        failures[key] = count + 1
        // 2^18 times 5 ms is beyond the longest; larger powers would overflow.
        let own = count > 30 ? longest : min(longest, first * (1 << count))
        return max(own, bucket.reserve(at: now))
    }

    package mutating func forget(_ key: Key) { failures[key] = nil }
    package func failureCount(_ key: Key) -> Int { failures[key] ?? 0 }
}
