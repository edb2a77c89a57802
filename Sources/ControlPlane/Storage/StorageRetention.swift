/// How much of the past a store keeps by itself.
package struct StorageRetention: Sendable, Hashable {
    /// States so recent stay readable, unless `revisionsMax` says otherwise.
    package var age: Duration
    /// At most about so many revisions are kept, however young; exceeded by an eighth at the most before a compaction.
    package var revisionsMax: Int

    package init(age: Duration = .seconds(3600), revisionsMax: Int = 100_000) {
        precondition(age > .zero && revisionsMax > 0, "a store keeps some of its past")
        self.age = age
        self.revisionsMax = revisionsMax
    }

    /// How often the age is looked at. What is kept is older than `age` by so much at the most.
    package var checkInterval: Duration { age / 12 }

    /// Whether a compaction by count is due.
    package func isExceeded(current: Int64, oldest: Int64) -> Bool {
        current - oldest > Int64(revisionsMax) + Int64(revisionsMax) / 8
    }
}
