/// Does the same thing many times, first once, then twice, four times … at once, and stops after the first batch with a failure: what is
/// refused once is likely to be refused a thousand times.
///
/// - Parameter body: Gets the number of the call.
/// - Returns: How many succeeded, and the first failure.
func slowStart(
    _ count: Int, initialBatch: Int = 1, _ body: @escaping @Sendable (Int) async throws -> Void
) async -> (successes: Int, failure: (any Error)?) {
    var begun = 0
    var successes = 0
    var batch = min(count, initialBatch)
    while batch > 0 {
        let (good, failure) = await together(begun..<begun + batch, body)
        successes += good
        if let failure { return (successes, failure) }
        begun += batch
        batch = min(2 * batch, count - begun)
    }
    return (successes, nil)
}

/// Does something for each number at once, and waits for all.
func together(
    _ numbers: Range<Int>, _ body: @escaping @Sendable (Int) async throws -> Void
) async -> (successes: Int, failure: (any Error)?) {
    if numbers.count == 1 {
        do {
            try await body(numbers.lowerBound)
            return (1, nil)
        } catch { return (0, error) }
    }
    return await withTaskGroup(of: (any Error)?.self) { group in
        for number in numbers {
            group.addTask {
                do {
                    try await body(number)
                    return nil
                } catch { return error }
            }
        }
        var successes = 0
        var failure: (any Error)?
        for await result in group {
            if let result { failure = failure ?? result } else { successes += 1 }
        }
        return (successes, failure)
    }
}
