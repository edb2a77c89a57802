import Synchronization

extension APIResponse {
    /// The body as its reader in the same process gets it; with status 101 the connection itself. No socket is between the two.
    package func connect() -> any RawConnection {
        let toReader = LocalPipe()
        switch body {
        case .bytes(let bytes):
            toReader.append(bytes)
            toReader.end()
        case .parts(let parts):
            for part in parts { toReader.append(part) }
            toReader.end()
        case .stream(let write):
            write(LocalResponseStream(toReader))
        case .upgrade(let take):
            let toWriter = LocalPipe()
            take(LocalConnection(incoming: toWriter, outgoing: toReader))
            return LocalConnection(incoming: toReader, outgoing: toWriter)
        }
        return LocalConnection(incoming: toReader, outgoing: nil)
    }
}

/// One end of a connection whose other end is in this process.
private final class LocalConnection: RawConnection {
    private let incoming: LocalPipe
    private let outgoing: LocalPipe?

    /// - Parameter outgoing: nil: the other end only speaks.
    init(incoming: LocalPipe, outgoing: LocalPipe?) {
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit { close() }

    func write(_ bytes: [UInt8]) async throws {
        guard let outgoing, outgoing.append(bytes), await outgoing.waitForRoom() else {
            if Task.isCancelled { throw CancellationError() }
            throw LocalConnectionClosed()
        }
    }

    func read() async throws -> [UInt8]? { try await incoming.next() }

    func close() {
        outgoing?.end()
        incoming.abandon()
    }
}

private struct LocalConnectionClosed: Error, CustomStringConvertible {
    var description: String { "the connection is closed" }
}

private final class LocalResponseStream: ResponseStream {
    private let pipe: LocalPipe
    init(_ pipe: LocalPipe) { self.pipe = pipe }

    func write(_ bytes: [UInt8]) -> Bool { pipe.append(bytes) }
    func waitForRoom() async -> Bool { await pipe.waitForRoom() }
    func finish() { pipe.end() }
    func onClose(_ body: @escaping @Sendable () -> Void) { pipe.onClose(body) }
}

/// Bytes one way. What waits to be read is bounded: a writer waits for room, and one that does not is cut off.
private final class LocalPipe: Sendable {
    private struct State {
        var isClosed = false
        var writers: [CheckedContinuation<Void, Never>] = []
        var closeActions: [@Sendable () -> Void] = []
    }
    private static let waitingBytesMax = 64 << 20

    private let inbox = ByteInbox()
    private let state = Mutex(State())

    // MARK: the writer's side

    /// - Returns: false when the reader is gone or far behind, or the end was announced.
    @discardableResult
    func append(_ bytes: [UInt8]) -> Bool {
        guard !state.withLock({ $0.isClosed }) else { return false }
        guard inbox.byteCount <= Self.waitingBytesMax else {
            abandon()
            return false
        }
        inbox.append(bytes)
        return true
    }

    /// - Returns: false when nothing more can be written, or the task is cancelled.
    func waitForRoom() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayWrite = state.withLock { state in
                    // Asked under the lock: whoever makes room takes it to wake those who wait.
                    if state.isClosed || Task.isCancelled || inbox.mayReadOn() { return true }
                    state.writers.append(continuation)
                    return false
                }
                guard mayWrite else { return }
                continuation.resume()
                // The inbox counts on nobody to be told of room any more, so others that wait are told now.
                wakeWriters()
            }
        } onCancel: {
            wakeWriters()
        }
        return !Task.isCancelled && !state.withLock { $0.isClosed }
    }

    /// No more will come; what waits can still be read.
    func end() {
        inbox.end()
        close()
    }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.closeActions.append(body) }
            return state.isClosed
        }
        if isClosed { body() }
    }

    // MARK: the reader's side

    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func next() async throws -> [UInt8]? { try await inbox.next { [self] in wakeWriters() } }

    /// Nobody will read any more.
    func abandon() {
        inbox.end()
        inbox.drop()
        close()
    }

    private func close() {
        let actions = state.withLock { state in
            state.isClosed = true
            defer { state.closeActions = [] }
            return state.closeActions
        }
        wakeWriters()
        for action in actions { action() }
    }

    private func wakeWriters() {
        let writers = state.withLock { state in
            defer { state.writers = [] }
            return state.writers
        }
        for writer in writers { writer.resume() }
    }
}
