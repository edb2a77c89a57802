internal import APIMachinery
package import CRI
internal import Kubelet
package import KubernetesAPI
import Synchronization

/// The node of a simulated run, for those who interfere with it.
package final class SimulatedWorld: Sendable {
    package let clock: SimulatedClock
    let runtime: SimulatedRuntime
    let kubelet: Kubelet
    let record = SimulationRecord()
    private let listeners = Mutex<[@Sendable (Happening) -> Void]>([])

    init(_ run: SimulatedRun, _ simulation: Simulation, _ directory: ScratchDirectory) {
        clock = simulation.clock
        runtime = SimulatedRuntime(clock: simulation.clock, containers: run.containers)
        let images = SimulatedImages(clock: simulation.clock, pullFailure: run.pullFailure)
        var configuration = KubeletConfiguration()
        configuration.nodeName = "simulated"
        configuration.blockingExecutor = nil
        configuration.hostIPs = ["192.0.2.1"]
        configuration.rootDirectory = "\(directory.path)/root"
        configuration.podLogsDirectory = "\(directory.path)/logs"
        configuration.maxContainerRestartPeriod = run.maxRestartPeriod
        kubelet = Kubelet(
            configuration: configuration, runtime: runtime, images: images, clock: simulation.clock,
            probeNetwork: SimulatedProbeNetwork(runtime))
    }

    /// Told of every start and end of a container from now on, at its time.
    func observe(_ listener: @escaping @Sendable (Happening) -> Void) { listeners.withLock { $0.append(listener) } }

    func tell(_ event: ContainerEvent) async {
        let (id, isStart): (String, Bool)
        switch event {
        case .started(let containerID, _, _): (id, isStart) = (containerID, true)
        case .exited(let containerID, _, _): (id, isStart) = (containerID, false)
        default: return
        }
        guard let status = try? await runtime.containerStatus(id) else { return }
        let pod = status.labels[RuntimeLabels.podName] ?? ""
        let happening = Happening(
            at: clock.elapsed, pod: pod, container: status.metadata.name, attempt: Int(status.metadata.attempt),
            what: isStart ? .started : .exited(code: status.exitCode))
        for listener in listeners.withLock({ $0 }) { listener(happening) }
    }

    /// Ends the running instance of a container as a signal from outside would; without one nothing happens.
    func endNow(_ pod: String, _ container: String, code: Int32, outOfMemory: Bool) {
        guard let id = runtime.runningContainer(pod: pod, name: container) else { return }
        runtime.end(id, code: code, outOfMemory: outOfMemory)
    }

    func delete(_ pod: String, graceSeconds: Int64?) { kubelet.delete(pod, gracePeriodSeconds: graceSeconds) }

    func outcome(_ names: [String]) -> SimulatedOutcome {
        let journal = runtime.journal.compactMap { Happening(journal: $0.text, at: $0.at) }
        // What the runtime did, then what the node agent told of it.
        let all = (journal.map { ($0, 0) } + record.all.map { ($0, 1) }).enumerated()
            .sorted { ($0.element.0.at, $0.element.1, $0.offset) < ($1.element.0.at, $1.element.1, $1.offset) }.map(\.element.0)
        let statuses = kubelet.podStatuses
        let now = clock.wallTime
        let facts = names.map { name in
            var facts = PodFacts(namespace: "default", name: name, now: now)
            facts.pod = kubelet.pods.first { $0.metadata.name == name }
            if let history = kubelet.histories(namespace: "default", name: name).first {
                facts.steps = history.steps
                facts.probes = history.probes.map(\.json)
            }
            return facts
        }
        return SimulatedOutcome(happenings: all, statuses: statuses, facts: facts, length: clock.elapsed)
    }
}

/// How a simulated run went.
package struct SimulatedOutcome: Sendable {
    /// In their order.
    package var happenings: [Happening]
    /// By the pods' names, at the end.
    package var statuses: [String: PodStatus]
    package var facts: [PodFacts]
    package var length: Duration

    /// Starts of a container after its first.
    package func restarts(_ pod: String, _ container: String) -> Int {
        max(0, happenings.count { $0.pod == pod && $0.container == container && $0.what == .started } - 1)
    }

    /// Seconds at which each instance of a container was started.
    package func starts(_ pod: String, _ container: String) -> [Duration] {
        happenings.filter { $0.pod == pod && $0.container == container && $0.what == .started }.map(\.at)
    }

    /// When the pod was ready: from and to.
    package func readiness(_ pod: String) -> [(from: Duration, to: Duration)] {
        var windows: [(Duration, Duration)] = []
        var begin: Duration?
        for happening in happenings where happening.pod == pod {
            if happening.what == .ready { begin = begin ?? happening.at }
            if happening.what == .unready, let since = begin {
                windows.append((since, happening.at))
                begin = nil
            }
        }
        if let begin { windows.append((begin, length)) }
        return windows
    }
}
