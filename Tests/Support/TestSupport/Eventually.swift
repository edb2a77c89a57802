/// Waits for what others are about to do, for a test that has no signal to wait for.
///
/// - Returns: false when it has not come about within the limit.
package func eventually(within limit: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    var pause = Duration.microseconds(100)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(10))
    }
    return true
}
