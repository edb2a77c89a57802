internal import APIMachinery
package import CRI
internal import Glibc
internal import Kubelet
package import KubernetesAPI
import Synchronization

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
    package var interfere: @Sendable (SimulatedWorld) async -> Void = { _ in }

    package init(pods: [Pod], duration: Duration, containers: @escaping SimulatedRuntime.ContainerScripts) {
        self.pods = pods
        self.duration = duration
        self.containers = containers
    }

    /// - Throws: `Simulation.Stalled`, or no directory could be made for the pods' files.
    package func run() async throws -> SimulatedOutcome {
        let directory = try ScratchDirectory()
        return try await Simulation.run(limit: duration + .seconds(60)) { [self] simulation in
            try await run(simulation, directory)
        }
    }

    private func run(_ simulation: Simulation, _ directory: ScratchDirectory) async throws -> SimulatedOutcome {
        let world = SimulatedWorld(self, simulation, directory)
        let (kubelet, clock, record) = (world.kubelet, simulation.clock, world.record)
        let (events, statuses, runtimeEvents) = (kubelet.events(), kubelet.statusUpdates(), world.runtime.events())
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in events { record.add(event, clock.elapsed) } }
            group.addTask { for await pod in statuses { record.add(pod, clock.elapsed) } }
            group.addTask { for await event in runtimeEvents { await world.tell(event) } }
            group.addTask { try await kubelet.run() }
            group.addTask { await interfere(world) }
            kubelet.setPods(pods.map(Self.prepared))
            try await clock.sleep(until: duration)
            let outcome = world.outcome(pods.map { $0.metadata.name ?? "" })
            group.cancelAll()
            return outcome
        }
    }

    private static func prepared(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.uid = pod.metadata.name
        if pod.metadata.namespace == nil { pod.metadata.namespace = "default" }
        return pod
    }
}

/// What has been seen of a run.
final class SimulationRecord: Sendable {
    private struct State {
        var happenings: [Happening] = []
        var shown: [String: (isReady: Bool, phase: String)] = [:]
    }
    private let state = Mutex(State())

    var all: [Happening] { state.withLock { $0.happenings } }

    func add(_ happening: Happening) { state.withLock { $0.happenings.append(happening) } }

    func add(_ event: PodEvent, _ time: Duration) {
        add(
            Happening(
                at: time, pod: event.podName, container: event.container, attempt: nil,
                what: .event(reason: event.reason, message: event.message)))
    }

    /// Changes of readiness and phase.
    func add(_ pod: Pod, _ time: Duration) {
        let name = pod.metadata.name ?? ""
        let isReady = pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
        let phase = pod.status.phase ?? "Pending"
        let before = state.withLock { state in
            let before = state.shown[name]
            state.shown[name] = (isReady, phase)
            return before
        }
        if before?.phase != phase { add(Happening(at: time, pod: name, container: "", attempt: nil, what: .phase(phase))) }
        if (before?.isReady ?? false) != isReady {
            add(Happening(at: time, pod: name, container: "", attempt: nil, what: isReady ? .ready : .unready))
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
