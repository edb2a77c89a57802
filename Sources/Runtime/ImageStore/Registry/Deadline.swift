import APIMachinery

/// Runs `work` until it is done or the time is over.
///
/// - Returns: nil when the time was over first; the work was cancelled then, and has ended.
func within<Value: Sendable>(
    _ limit: Duration, _ clock: any TimeSource, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await clock.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
