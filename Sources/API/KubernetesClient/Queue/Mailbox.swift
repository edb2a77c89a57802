package import APIMachinery
import Synchronization

/// Messages in their order, for one reader, which takes all that are there at once.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var reader: CheckedContinuation<Void, Never>?
        var isWoken = false
        /// Gets what nobody will read.
        var refuse: (@Sendable (Message) -> Void)?
    }
    private let state = Mutex(State())

    package init() {}

    package func post(_ message: Message) {
        let (reader, refuse) = state.withLock { state in
            if state.refuse == nil { state.messages.append(message) }
            return (state.reader.take(), state.refuse)
        }
        refuse?(message)
        reader?.resume()
    }

    /// The reader has gone.
    package func close(_ refuse: @escaping @Sendable (Message) -> Void) {
        let left = state.withLock { state in
            state.refuse = refuse
            defer { state.messages = [] }
            return state.messages
        }
        for message in left { refuse(message) }
    }

    package func takeAll() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Returns when there is a message, at the time given, or when the task is cancelled.
    package func wait(until due: Duration?, _ time: any TimeSource) async {
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
