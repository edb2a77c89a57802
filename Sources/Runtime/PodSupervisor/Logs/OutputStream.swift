internal import CLinux

/// One output of a process: the read end of its pipe, or its terminal's master. Feeds the log and the attached clients.
final class OutputStream {
    enum Progress {
        case moved, nothing, ended
    }

    let stream: LogStream
    private let log: LogFile?
    private var source: DescriptorSlot
    /// What could not become entries yet: the beginning of a line, or more while the log is stalled.
    private var carry: [UInt8] = []
    /// The source has ended, and its end has not reached the log.
    private var endIsWaiting = false
    private(set) var clients: [OutputClient] = []

    /// - Parameters:
    ///   - source: Is made non-blocking; the process's end stays blocking.
    ///   - log: nil discards.
    init(_ stream: LogStream, source: consuming Descriptor, log: LogFile?) {
        self.stream = stream
        self.log = log
        _ = sv_nonblocking(source.number)
        self.source = DescriptorSlot(source)
    }

    /// The descriptor to wait on, while output is welcome.
    var waitNumber: Int32? {
        if let log, case .stalled = log.condition { return nil }
        return source.number
    }

    var isOpen: Bool { !source.isEmpty || endIsWaiting }

    func add(_ client: OutputClient) { clients.append(client) }
    func remove(_ client: OutputClient) { clients.removeAll { one in one === client } }

    /// Reads once and passes on.
    func pump(_ buffers: LogBuffers, at now: Instant) -> Progress {
        resume(buffers, at: now)
        guard let number = waitNumber else { return .nothing }
        buffers.use(at: now)
        let kept = carry.count
        let count = unsafe sv_read(number, buffers.input.baseAddress.unsafelyUnwrapped + kept, LogBuffers.readSize)
        if count == -Int(ErrorNumber.tryAgain) { return .nothing }
        if count <= 0 {  // the end: a terminal's master says EIO when the last slave is closed
            close()
            resume(buffers, at: now)
            return .ended
        }
        unsafe buffers.input.copyBytes(from: carry)
        unsafe forward(UnsafeRawBufferPointer(rebasing: buffers.input[kept..<(kept + count)]))
        record(kept + count, atEnd: false, buffers, at: now)
        return .moved
    }

    /// Goes on with what was kept while the log was stalled.
    func resume(_ buffers: LogBuffers, at now: Instant) {
        guard endIsWaiting || carry.count > LineCutter.pieceLimit else { return }
        if let log, case .stalled = log.condition { return }
        buffers.use(at: now)
        unsafe buffers.input.copyBytes(from: carry)
        let count = carry.count, atEnd = endIsWaiting
        carry = []
        endIsWaiting = false
        record(count, atEnd: atEnd, buffers, at: now)
    }

    /// Closes the source; what it sent so far becomes entries.
    func close() {
        guard !source.isEmpty else { return }
        source.close()
        endIsWaiting = true
        clients = []
    }

    /// Sends output as it is to attached clients. One that does not keep up is dropped, the process never waits for it.
    private func forward(_ bytes: UnsafeRawBufferPointer) {
        guard !clients.isEmpty else { return }
        clients.removeAll { client in
            unsafe sv_stream_send(client.socket.number, bytes.baseAddress, bytes.count) != bytes.count
        }
    }

    /// Makes entries of the input buffer's first bytes and writes them.
    private func record(_ count: Int, atEnd: Bool, _ buffers: LogBuffers, at now: Instant) {
        carry = []
        guard let log, count > 0 else { return }
        if case .dropping = log.condition { return log.drop(count) }
        let input = unsafe UnsafeRawBufferPointer(rebasing: buffers.input[..<count])
        var cutter = unsafe LineCutter(input, atEnd: atEnd)
        let prefix = buffers.prefix(for: stream)
        while !cutter.isDone {
            var filled = unsafe cutter.fill(output(buffers, log.room(upTo: LogBuffers.outputSize, at: now)), prefix: prefix)
            if filled == 0 {  // the file has no room for one more entry
                _ = log.rotate(at: now)
                unsafe filled = cutter.fill(output(buffers, log.room(upTo: LogBuffers.outputSize, at: now)), prefix: prefix)
            }
            if filled == 0 {  // an entry beyond any file's limit has one of its own
                unsafe filled = cutter.fill(output(buffers, LineCutter.entryLimit), prefix: prefix, limit: 1)
            }
            unsafe log.write(UnsafeRawBufferPointer(rebasing: buffers.output[..<filled]), at: now)
            if log.condition != .working {
                endIsWaiting = atEnd
                break
            }
        }
        if cutter.consumed < count { unsafe carry = [UInt8](input[cutter.consumed...]) }
    }

    private func output(_ buffers: LogBuffers, _ room: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffers.output[..<room])
    }
}

/// A client that is shown an output: the socket it passed.
final class OutputClient {
    let socket: Descriptor
    /// How much may wait in the socket before the client counts as too slow.
    static let bufferBytes: Int32 = 1 << 20

    init(_ socket: consuming Descriptor) {
        _ = sv_send_buffer(socket.number, Self.bufferBytes)
        self.socket = consume socket
    }
}
