internal import Kubelet
internal import KubernetesAPI
import Synchronization

/// What has been seen of a run.
final class RunRecord: Sendable {
    private struct State {
        var happenings: [Happening] = []
        var shown: [String: (isReady: Bool, phase: String)] = [:]
        var problems: [String] = []
    }
    private let state = Mutex(State())

    var all: [Happening] { state.withLock { $0.happenings } }
    /// Faults that could not be made, a line each.
    var problems: [String] { state.withLock { $0.problems } }

    func add(_ happening: Happening) { state.withLock { $0.happenings.append(happening) } }
    func add(problem: String) { state.withLock { $0.problems.append(problem) } }

    func add(_ event: PodEvent, _ time: Duration) {
        add(
            Happening(
                at: time, pod: event.podName, container: event.container, attempt: nil,
                what: .event(reason: event.reason, message: event.message)))
    }

    /// - Returns: Changes of readiness and phase that it shows.
    @discardableResult
    func add(_ pod: Pod, _ time: Duration) -> [Happening] {
        let name = pod.metadata.name ?? ""
        let isReady = pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" }
        let phase = pod.status.phase ?? "Pending"
        return state.withLock { state in
            let before = state.shown[name]
            state.shown[name] = (isReady, phase)
            var new: [Happening] = []
            if before?.phase != phase { new.append(Happening(at: time, pod: name, container: "", attempt: nil, what: .phase(phase))) }
            if (before?.isReady ?? false) != isReady {
                new.append(Happening(at: time, pod: name, container: "", attempt: nil, what: isReady ? .ready : .unready))
            }
            state.happenings += new
            return new
        }
    }
}
