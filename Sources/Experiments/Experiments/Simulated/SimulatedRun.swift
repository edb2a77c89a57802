internal import APIMachinery
package import CRI
internal import Glibc
internal import Kubelet
package import KubernetesAPI

/// Pods under the real node agent, with scripted containers, in simulated time: hours pass in milliseconds, each time in the same way.
package struct SimulatedRun: Sendable {
    /// With names; their UIDs become their names.
    package var pods: [Pod]
    package var containers: SimulatedRuntime.ContainerScripts
    package var duration: Duration
    /// nil: the image is there, or comes at once.
    package var pullFailure: @Sendable (String) -> String? = { _ in nil }
    package var maxRestartPeriod = Duration.seconds(300)
    /// What is done to the pods meanwhile.
    package var steps: [Experiment.Step] = []

    package init(pods: [Pod], duration: Duration, containers: @escaping SimulatedRuntime.ContainerScripts) {
        self.pods = pods
        self.duration = duration
        self.containers = containers
    }

    /// - Throws: `Simulation.Stalled`, or no directory could be made for the pods' files.
    package func run() async throws -> RunOutcome {
        let directory = try ScratchDirectory()
        return try await Simulation.run(limit: duration + .seconds(60)) { [self] simulation in
            try await run(simulation, directory)
        }
    }

    private func run(_ simulation: Simulation, _ directory: ScratchDirectory) async throws -> RunOutcome {
        let world = try SimulatedWorld(self, simulation, directory)
        let runtimeEvents = world.runtime.events()
        world.arm(steps)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in runtimeEvents { await world.tell(event) } }
            group.addTask { try await world.agents.run(world.watch) }
            try await simulation.clock.sleep(until: duration)
            let outcome = world.outcome(pods.map { $0.metadata.name ?? "" })
            group.cancelAll()
            return outcome
        }
    }
}

/// A directory below the system's one for such, which goes away with its owner.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws(FileError) {
        var template = Array("/tmp/swiftlet-simulation-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw FileError("make a directory in /tmp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? TreeRemoval.remove(path) }
}
