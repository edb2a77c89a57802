import APIMachinery
import CRI
import Glibc
import KubernetesAPI
import Synchronization

@testable import Kubelet

/// A node agent on a scripted runtime, in simulated time, with a directory of its own.
struct SimulatedNode: Sendable {
    let clock: SimulatedClock
    let runtime: SimulatedRuntime
    let images: SimulatedImages
    let kubelet: Kubelet
    let configuration: KubeletConfiguration
    let recorder: Recorder

    /// What was told, in order, with its time.
    final class Recorder: Sendable {
        private let lines = Mutex<[(Duration, PodEvent)]>([])
        func add(_ event: PodEvent, _ time: Duration) { lines.withLock { $0.append((time, event)) } }
        var events: [PodEvent] { lines.withLock { $0.map(\.1) } }
        /// `Reason: message`
        var texts: [String] { events.map { "\($0.reason): \($0.message)" } }
        func reasons(of container: String) -> [String] { events.filter { $0.container == container }.map(\.reason) }
    }

    /// Starts of containers with their seconds: `["app#0 0", "app#1 1"]`.
    var starts: [String] { journal("start ") }

    func journal(_ prefix: String) -> [String] {
        runtime.journal.filter { $0.text.hasPrefix(prefix) }.map { entry in
            let name = entry.text.dropFirst(prefix.count).split(separator: "/").last ?? ""
            return "\(name) \(entry.at.components.seconds)"
        }
    }

    func status(_ uid: PodUID) -> PodStatus { kubelet.podStatuses[uid] ?? PodStatus() }

    func sleep(_ seconds: Double) async throws { try await clock.sleep(until: clock.elapsed + .milliseconds(Int64(seconds * 1_000))) }
    /// Until that many seconds since the start.
    func sleep(until seconds: Double) async throws { try await clock.sleep(until: .milliseconds(Int64(seconds * 1_000))) }
}

struct SimulationSetup: Sendable {
    var containers: SimulatedRuntime.ContainerScripts = { _, _ in .runsForever }
    var sandboxes: SimulatedRuntime.SandboxScripts = { _ in SandboxScript() }
    var images: [Image] = [fixtureImage]
    var pullDuration = Duration.zero
    var pullFailure: @Sendable (String) -> String? = { _ in nil }
    var configure: @Sendable (inout KubeletConfiguration) -> Void = { _ in }
    var evictionSensors: EvictionSensors?

    static let fixtureImage: Image = {
        var image = Image(id: "sha256:fixture", size: 1_000)
        image.repoTags = ["fixture:1"]
        return image
    }()
}

/// Runs `body` beside a node agent that has been given `pods`.
func simulate(
    _ pods: [Pod], _ setup: SimulationSetup = SimulationSetup(), limit: Duration = .seconds(86_400),
    _ body: @escaping @Sendable (SimulatedNode) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory()
    try await Simulation.run(limit: limit) { simulation in
        let runtime = SimulatedRuntime(clock: simulation.clock, containers: setup.containers, sandboxes: setup.sandboxes)
        let images = SimulatedImages(
            clock: simulation.clock, present: setup.images, pullDuration: setup.pullDuration,
            pullFailure: setup.pullFailure)
        try await withKubelet(simulation, directory, runtime, images, setup) { node in
            node.kubelet.setPods(pods)
            try await body(node)
        }
    }
}

/// A node agent that starts, runs beside `body`, and is taken away as by a kill: its pods stay.
func withKubelet(
    _ simulation: Simulation, _ directory: TemporaryDirectory, _ runtime: SimulatedRuntime, _ images: SimulatedImages,
    _ setup: SimulationSetup, _ body: @escaping @Sendable (SimulatedNode) async throws -> Void
) async throws {
    var configuration = KubeletConfiguration()
    configuration.nodeName = "node1"
    configuration.blockingExecutor = nil
    configuration.hostIPs = ["192.0.2.1"]
    configuration.rootDirectory = directory.path + "/root"
    configuration.podLogsDirectory = directory.path + "/logs"
    setup.configure(&configuration)
    let kubelet = Kubelet(
        configuration: configuration, runtime: runtime, images: images, clock: simulation.clock,
        probeNetwork: SimulatedProbeNetwork(runtime), evictionSensors: setup.evictionSensors)
    let node = SimulatedNode(
        clock: simulation.clock, runtime: runtime, images: images, kubelet: kubelet, configuration: configuration,
        recorder: SimulatedNode.Recorder())
    let events = kubelet.events()
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for await event in events { node.recorder.add(event, simulation.clock.elapsed) } }
        group.addTask { try await kubelet.run() }
        try await body(node)
        group.cancelAll()
    }
}

/// A directory that goes away with its owner.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-kubelet-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError("mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? TreeRemoval.remove(path) }
}
