import CRI
import Testing

@testable import Kubelet

@Suite struct SimulationTests {
    @Test func `time passes only when everybody waits`() async throws {
        let order = try await Simulation.run { simulation in
            await withTaskGroup(of: (Int, Duration).self) { group in
                for number in [3, 1, 2] {
                    group.addTask {
                        try? await simulation.clock.sleep(until: .seconds(number * 1_000))
                        return (number, simulation.clock.elapsed)
                    }
                }
                return await group.reduce(into: [String]()) { $0.append("\($1.0) at \($1.1.components.seconds)") }
            }
        }
        #expect(order == ["1 at 1000", "2 at 2000", "3 at 3000"])
    }

    @Test func `waiting for nothing is told`() async throws {
        let never = OneShot<Void>()
        await #expect(throws: Simulation.Stalled.self) {
            try await Simulation.run { _ in _ = await never.waitUnlessCancelled() }
        }
    }

    @Test func `running for ever is told`() async throws {
        await #expect(throws: Simulation.Stalled.self) {
            try await Simulation.run(limit: .seconds(100)) { simulation in
                while !Task.isCancelled { try await simulation.clock.sleep(until: simulation.clock.elapsed + .seconds(1)) }
            }
        }
    }

    @Test func `the same script gives the same history`() async throws {
        func history() async throws -> [String] {
            let result = OneShot<[String]>()
            var setup = SimulationSetup()
            setup.containers = { _, container in .exits(after: .seconds(Int64(container.attempt) + 1), code: 1) }
            try await simulate((0..<20).map { makePod("p\($0)", containers: ["a", "b"]) }, setup) { node in
                try await node.sleep(until: 500)
                result.set(node.runtime.journal.map(\.description))
            }
            return await result.wait()
        }
        let first = try await history()
        #expect(first.count > 200)
        #expect(try await history() == first)
    }

    @Test func `blocking calls run beside each other`() async throws {
        let executor = BlockingExecutor(maxThreads: 4)
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<1_000 { group.addTask(executorPreference: executor) { number } }
            return await group.reduce(0, +)
        }
        #expect(sum == 499_500)
    }
}
