package import APIMachinery
import Synchronization

/// The server's end of a SPDY/3.1 connection, as clients of Kubernetes use it: they open streams, the server never does, and neither side has windows.
///
/// Without windows a stream that nobody reads holds up the connection once its inbox is full: TCP carries that back to the client.
package final class SPDYSession: Sendable {
    private struct State {
        var streams: [UInt32: SPDYStream] = [:]
        var lastStream: UInt32 = 0
    }
    private let connection: any RawConnection
    private let state = Mutex(State())

    package init(_ connection: any RawConnection) { self.connection = connection }

    /// Reads until the client is gone, and ends all streams then.
    ///
    /// - Parameter opened: Called with each new stream. What comes on it waits until it is read.
    package func run(_ opened: @Sendable (SPDYStream) -> Void) async {
        // Confined to this call: compression goes through all frames in order.
        let writer = SPDYHeaderWriter()
        var reader = SPDYReader()
        do {
            reading: while let bytes = try await connection.read() {
                reader.append(bytes)
                while let input = try reader.next() {
                    switch input {
                    case .stream(let id, let isFinal, let headers):
                        let stream = SPDYStream(id: id, headers: headers, connection: connection)
                        state.withLock {
                            $0.streams[id] = stream
                            $0.lastStream = id
                        }
                        try await connection.write(SPDYFrame.reply(id, writer.write([])))
                        if isFinal { stream.inbox.end() }
                        opened(stream)
                    case .data(let id, let bytes, let isFinal):
                        guard let stream = stream(id) else { continue }
                        await stream.inbox.append(bytes)
                        if isFinal { stream.inbox.end() }
                    case .reset(let id):
                        state.withLock { $0.streams.removeValue(forKey: id) }?.wasReset()
                    case .ping(let id):
                        // Those of a client have odd numbers; others answer ours, and we send none.
                        if id % 2 == 1 { try await connection.write(SPDYFrame.ping(id)) }
                    case .goAway: break reading
                    }
                }
            }
        } catch {
            // A client that breaks the protocol, or off: an end like another.
        }
        for stream in state.withLock({ Array($0.streams.values) }) { stream.wasReset() }
    }

    /// Forgets a stream that both sides are done with.
    package func forget(_ stream: SPDYStream) { state.withLock { _ = $0.streams.removeValue(forKey: stream.id) } }

    private func stream(_ id: UInt32) -> SPDYStream? { state.withLock { $0.streams[id] } }

    /// Says that no more streams are taken.
    package func sendGoAway() async {
        try? await connection.write(SPDYFrame.goAway(lastStream: state.withLock { $0.lastStream }))
    }

    package func close() { connection.close() }
}

/// One stream of a session.
package final class SPDYStream: Sendable {
    package let id: UInt32
    /// Names in lower case.
    package let headers: [String: String]
    let inbox = BoundedInbox()
    private let connection: any RawConnection
    private let isOver = Atomic<Bool>(false)

    init(id: UInt32, headers: [(name: String, value: String)], connection: any RawConnection) {
        self.id = id
        self.headers = Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        self.connection = connection
    }

    /// Whether the client has broken it off, or is gone.
    package var isReset: Bool { inbox.isAbandoned }

    /// The next bytes; nil at the end. One task reads.
    package func read() async -> [UInt8]? { await inbox.next() }

    package func write(_ bytes: [UInt8]) async throws {
        guard !isReset else { throw SPDYError("stream \(id) was broken off") }
        var rest = bytes
        while rest.count > SPDYFrame.dataBytesMax {
            try await connection.write(SPDYFrame.data(id, Array(rest.prefix(SPDYFrame.dataBytesMax))))
            rest.removeFirst(SPDYFrame.dataBytesMax)
        }
        if !rest.isEmpty { try await connection.write(SPDYFrame.data(id, rest)) }
    }

    /// No more will be written. A second call does nothing.
    package func finish() async {
        guard !isReset, !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        try? await connection.write(SPDYFrame.data(id, [], isFinal: true))
    }

    /// Breaks it off; CANCEL.
    package func reset() async {
        guard !isReset else { return }
        inbox.abandon()
        try? await connection.write(SPDYFrame.reset(id, status: 5))
    }

    func wasReset() { inbox.abandon() }
}
