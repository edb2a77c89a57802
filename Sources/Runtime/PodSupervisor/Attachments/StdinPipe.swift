internal import CLinux

/// A process's standard input: the write end of its pipe, or its terminal's master, and the clients that write to it.
final class StdinPipe {
    private static let chunkSize = 16 << 10

    private var sink: DescriptorSlot
    /// Closed when the first client is gone (stdinOnce).
    private let closesAfterClient: Bool
    private(set) var clients: [StdinClient] = []
    /// Read from a client, not yet taken by the process; while there is some, no client is read.
    private var waiting: [UInt8] = []

    init(_ sink: consuming Descriptor, closesAfterClient: Bool) {
        _ = sv_nonblocking(sink.number)
        self.sink = DescriptorSlot(sink)
        self.closesAfterClient = closesAfterClient
    }

    var isOpen: Bool { !sink.isEmpty }
    /// The sink, when bytes wait for the process to take them.
    var sinkWaitNumber: Int32? { waiting.isEmpty ? nil : sink.number }
    var readsClients: Bool { waiting.isEmpty && !sink.isEmpty }

    func add(_ client: StdinClient) { clients.append(client) }

    func close() {
        sink.close()
        clients = []
        waiting = []
    }

    /// Moves what a client sent, once.
    func receive(from client: StdinClient) {
        guard readsClients else { return }  // another client was first in this round
        var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
        let count = unsafe chunk.withUnsafeMutableBytes { bytes in
            unsafe sv_stream_receive(client.socket.number, bytes.baseAddress, bytes.count)
        }
        if count == -Int(ErrorNumber.tryAgain) { return }
        guard count > 0 else { return leave(client) }
        chunk.removeLast(Self.chunkSize - count)
        waiting = chunk
        flush()
    }

    /// Writes what waits. A process that closed its end ends the attachment of input.
    func flush() {
        guard let number = sink.number, !waiting.isEmpty else { return }
        let count = unsafe waiting.withUnsafeBytes { bytes in unsafe sv_write(number, bytes.baseAddress, bytes.count) }
        if count >= 0 {
            waiting.removeFirst(count)
        } else if count != -Int(ErrorNumber.tryAgain) {
            close()
        }
    }

    private func leave(_ client: StdinClient) {
        clients.removeAll { one in one === client }
        if closesAfterClient { close() }
    }
}

/// A client that writes to a process: the socket it passed.
final class StdinClient {
    let socket: Descriptor
    init(_ socket: consuming Descriptor) { self.socket = consume socket }
}
