internal import APIMachinery
internal import KubernetesAPI
import Synchronization

/// What the scheduler's loop is told, by informers and by bindings that have ended.
enum SchedulerMessage: Sendable {
    case pod(PodInfo)
    case podGone(uid: String)
    case node(NodeInfo)
    case nodeGone(String)
    case namespace(String, labels: [String: String]?)
    /// Anything else that decisions depend on; says what may wake pods.
    case change(@Sendable (inout ClusterSnapshot) -> ClusterChange?)
    case explain(@Sendable (SchedulingRecords) -> Void)
    case bound(uid: String)
    case bindingFailed(uid: String)
    case preempted(uid: String)
}

/// Messages in their order, for one reader, which takes all that are there at once.
final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var reader: CheckedContinuation<Void, Never>?
        var isWoken = false
        /// Gets what nobody will read.
        var refuse: (@Sendable (Message) -> Void)?
    }
    private let state = Mutex(State())

    func post(_ message: Message) {
        let (reader, refuse) = state.withLock { state in
            if state.refuse == nil { state.messages.append(message) }
            return (state.reader.take(), state.refuse)
        }
        refuse?(message)
        reader?.resume()
    }

    /// The reader has gone.
    func close(_ refuse: @escaping @Sendable (Message) -> Void) {
        let left = state.withLock { state in
            state.refuse = refuse
            defer { state.messages = [] }
            return state.messages
        }
        for message in left { refuse(message) }
    }

    func takeAll() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Returns when there is a message, at the time given, or when the task is cancelled.
    func wait(until due: Duration?, _ time: any TimeSource) async {
        guard let due else { return await wait() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                if (try? await time.sleep(until: due)) != nil { wake() }
            }
            await wait()
            group.cancelAll()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.messages.isEmpty, !state.isWoken, !Task.isCancelled else {
                        state.isWoken = false
                        return false
                    }
                    state.reader = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        let reader = state.withLock { state in
            let reader = state.reader.take()
            state.isWoken = reader == nil
            return reader
        }
        reader?.resume()
    }
}
