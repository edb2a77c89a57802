package import APIMachinery
internal import CRI
import Synchronization

/// The latest steps of one pod, in bounded memory. Whoever is asked what took so long looks here.
final class PodSteps: Sendable {
    /// What closes a step that was begun.
    struct Token: Sendable { fileprivate let number: Int }
    private struct State {
        var steps: [PodStep] = []
        /// How many have been dropped at the front.
        var dropped = 0
    }
    static let capacity = 256
    private static let textBytesMax = 400
    private let state = Mutex(State())

    /// Oldest first.
    var all: [PodStep] { state.withLock { $0.steps } }

    @discardableResult
    func add(_ step: PodStep) -> Token {
        var step = step
        step.failure = step.failure.cut(toBytes: Self.textBytesMax)
        step.detail = step.detail.cut(toBytes: Self.textBytesMax)
        return state.withLock { state in
            if state.steps.count == Self.capacity {
                state.steps.removeFirst()
                state.dropped += 1
            }
            state.steps.append(step)
            return Token(number: state.dropped + state.steps.count - 1)
        }
    }

    /// One that has been dropped meanwhile is forgotten.
    func end(_ token: Token, at time: Timestamp, failure: String = "", detail: String? = nil) {
        state.withLock { state in
            let index = token.number - state.dropped
            guard index >= 0 else { return }
            state.steps[index].end = time
            state.steps[index].failure = failure.cut(toBytes: Self.textBytesMax)
            if let detail { state.steps[index].detail = detail.cut(toBytes: Self.textBytesMax) }
        }
    }

    /// A wait that is looked at again and again is one step.
    func addWait(_ step: PodStep) {
        let isKnown = state.withLock { state in
            state.steps.contains {
                $0.kind == step.kind && $0.container == step.container && $0.attempt == step.attempt && $0.end == step.end
            }
        }
        if !isKnown { add(step) }
    }

    /// The end of an instance, with the runtime's own times.
    func ended(_ container: RuntimeContainer) {
        let name = container.metadata.name
        let attempt = Int(container.metadata.attempt)
        let end = Timestamp(nanosecondsSinceEpoch: container.finishedAt)
        let begin = container.startedAt > 0 ? Timestamp(nanosecondsSinceEpoch: container.startedAt) : end
        var detail = "exit code \(container.exitCode), \(container.reason)"
        if container.exitSignal != 0 { detail += ", signal \(container.exitSignal)" }
        if container.coreDumped { detail += ", core dumped" }
        let failure = container.exitCode == 0 ? "" : container.reason
        let isClosed = state.withLock { state in
            let open = state.steps.lastIndex { $0.kind == .run && $0.container == name && $0.attempt == attempt }
            guard let open else { return false }
            state.steps[open].begin = begin
            state.steps[open].end = end
            state.steps[open].failure = failure
            state.steps[open].detail = detail
            return true
        }
        if isClosed || container.startedAt == 0 { return }
        add(PodStep(.run, container: name, attempt: attempt, begin: begin, end: end, failure: failure, detail: detail))
    }
}

/// What the node agent still knows of a pod's life.
package struct PodHistory: Sendable {
    package var uid: PodUID
    /// Nothing of the pod is left but this.
    package var isGone: Bool
    /// Oldest first.
    package var steps: [PodStep]
    package var probes: [ProbeHistory]

    package var json: JSONValue {
        [
            "uid": .string(uid), "gone": .bool(isGone), "steps": .array(steps.map(\.json)), "probes": .array(probes.map(\.json)),
        ]
    }
}
