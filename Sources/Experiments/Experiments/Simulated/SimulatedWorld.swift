internal import APIMachinery
package import CRI
internal import Kubelet
internal import KubernetesAPI

/// The node of a simulated run, for those who interfere with it.
package final class SimulatedWorld: Sendable {
    package let clock: SimulatedClock
    let runtime: SimulatedRuntime
    let agents: AgentLine
    let watch: NodeWatch

    init(_ run: SimulatedRun, _ simulation: Simulation, _ directory: ScratchDirectory) throws {
        let clock = simulation.clock
        let watch = NodeWatch(run.steps, elapsed: { clock.elapsed }, sleep: { try? await clock.sleep(until: clock.elapsed + $0) })
        let runtime = SimulatedRuntime(clock: clock, containers: run.containers)
        let images = SimulatedImages(clock: clock, pullFailure: run.pullFailure)
        var configuration = KubeletConfiguration()
        configuration.nodeName = "simulated"
        configuration.blockingExecutor = nil
        configuration.hostIPs = ["192.0.2.1"]
        configuration.rootDirectory = "\(directory.path)/root"
        configuration.podLogsDirectory = "\(directory.path)/logs"
        configuration.maxContainerRestartPeriod = run.maxRestartPeriod
        configuration.probeInterception = { await watch.intercept($0, $1) }
        let fixed = configuration
        agents = try AgentLine(run.pods.map(Self.prepared)) {
            let kubelet = Kubelet(
                configuration: fixed, runtime: WatchedRuntime(base: runtime, watch: watch, notesRequests: false),
                images: WatchedImages(base: images, watch: watch), clock: clock, probeNetwork: SimulatedProbeNetwork(runtime))
            return ExperimentAgent(kubelet) { try await kubelet.run() }
        }
        (self.clock, self.runtime, self.watch) = (clock, runtime, watch)
    }

    private static func prepared(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.uid = pod.metadata.name
        if pod.metadata.namespace == nil { pod.metadata.namespace = "default" }
        return pod
    }

    /// Starts and ends of containers.
    func tell(_ event: ContainerEvent) async {
        guard let happening = await Happening(event, runtime, at: clock.elapsed) else { return }
        watch.tell(happening)
    }

    /// Ends the running instance of a container as a signal from outside would; without one nothing happens.
    func endNow(_ pod: String, _ container: String, code: Int32, outOfMemory: Bool) {
        guard let id = runtime.runningContainer(pod: pod, name: container) else { return }
        runtime.end(id, code: code, outOfMemory: outOfMemory)
    }

    /// The sandbox breaks, as when its supervisor is killed.
    func breakSandbox(_ pod: String) {
        guard let id = runtime.readySandbox(pod: pod) else { return }
        runtime.breakSandbox(id)
    }

    func outcome(_ names: [String]) -> RunOutcome {
        let journal = runtime.journal.compactMap { Happening(journal: $0.text, at: $0.at) }
        // What the runtime did, then what the node agent told of it.
        let all = (journal.map { ($0, 0) } + watch.record.all.map { ($0, 1) }).enumerated()
            .sorted { ($0.element.0.at, $0.element.1, $0.offset) < ($1.element.0.at, $1.element.1, $1.offset) }.map(\.element.0)
        let kubelet = agents.kubelet
        return RunOutcome(
            happenings: all, statuses: kubelet.statusesByName, facts: kubelet.facts(of: names, now: clock.wallTime), length: clock.elapsed,
            problems: watch.record.problems)
    }
}

extension Kubelet {
    /// Of the pods that are there.
    var statusesByName: [String: PodStatus] {
        Dictionary(pods.map { ($0.metadata.name ?? "", $0.status) }) { first, _ in first }
    }

    func facts(of names: [String], now: Timestamp) -> [PodFacts] {
        names.map { name in
            var facts = PodFacts(namespace: "default", name: name, now: now)
            facts.pod = pods.first { $0.metadata.name == name }
            if let history = histories(namespace: "default", name: name).first {
                facts.steps = history.steps
                facts.probes = history.probes.map(\.json)
            }
            return facts
        }
    }
}

extension Happening {
    /// A start or end of a container that the runtime tells of; nil: something else, or nothing is left of it.
    ///
    /// - Parameter at: nil: the runtime's own time, since `begin`.
    init?(_ event: ContainerEvent, _ runtime: any RuntimeService, at: Duration?, begin: Timestamp = .distantPast) async {
        let (id, isStart): (String, Bool)
        switch event {
        case .started(let containerID, _, _): (id, isStart) = (containerID, true)
        case .exited(let containerID, _, _): (id, isStart) = (containerID, false)
        default: return nil
        }
        guard let status = try? await runtime.containerStatus(id) else { return nil }
        let time = at ?? Timestamp(nanosecondsSinceEpoch: isStart ? status.startedAt : status.finishedAt) - begin
        self.init(
            at: time, pod: status.labels[RuntimeLabels.podName] ?? "", container: status.metadata.name,
            attempt: Int(status.metadata.attempt),
            what: isStart ? .started : .exited(code: status.exitCode))
    }
}
