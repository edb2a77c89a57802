import Foundation

/// Runs tasks that block each on a thread of its own: those of the concurrency runtime are as few as the processors.
final class ThreadPerJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Does the same for each number below `count`, all at once; what `#expect` finds belongs to the test that calls.
///
/// - Throws: The first error, after all have ended.
func inParallel<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Value) async throws -> [Value] {
    let executor = ThreadPerJob()
    let results = await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
        for index in 0..<count {
            group.addTask(executorPreference: executor) { (index, Result { try body(index) }) }
        }
        return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    return try (0..<count).compactMap { try results[$0]?.get() }
}
