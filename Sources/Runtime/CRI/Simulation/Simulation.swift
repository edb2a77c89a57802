/// Runs concurrent code under a simulated clock, deterministically.
///
/// All tasks of the simulation run on one thread, in the order in which they became ready. When none is ready, the clock
/// moves to the next scheduled action. So time passes exactly when everybody waits for it.
package final class Simulation: Sendable {
    /// The body did not end before this much simulated time had passed, or everybody waits for something that never comes.
    package struct Stalled: Error, Sendable, CustomStringConvertible {
        package let at: Duration
        package let limit: Duration
        package var description: String {
            at < limit ? "simulation stalled after \(at): nothing is ready and nothing is scheduled" : "simulation not over after \(limit)"
        }
    }

    package let clock: SimulatedClock
    private let executor: SimulationExecutor
    /// Runs the simulation's tasks. Tasks that are not begun within one of them must be given to it.
    package var taskExecutor: any TaskExecutor { executor }

    private init(limit: Duration) {
        clock = SimulatedClock()
        executor = SimulationExecutor(clock: clock, limit: limit)
    }

    /// Runs `body` on a new simulation's own thread.
    ///
    /// - Parameter limit: Simulated time after which the body's task is cancelled and `Stalled` is thrown.
    package static func run<T: Sendable>(
        limit: Duration = .seconds(86_400), _ body: @escaping @Sendable (Simulation) async throws -> T
    ) async throws -> T {
        let simulation = Simulation(limit: limit)
        let executor = simulation.executor
        let task = Task(executorPreference: executor) {
            defer { executor.stop() }
            return try await body(simulation)
        }
        executor.start(onStall: { task.cancel() })
        let result = await task.result
        simulation.clock.end()
        if let stalled = executor.stalled { throw stalled }
        return try result.get()
    }
}
