internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// Reads the output of commands that are waited for: one thread for all of them.
///
/// Per stream the first 16 MiB are kept; the rest is read and dropped, so that no command blocks on a full pipe (CRI, ExecSync).
final class OutputCollector: Sendable {
    static let limitBytes = 16 << 20

    final class Stream: Sendable {
        fileprivate let pipe: OwnedFD
        fileprivate let bytes = Mutex<[UInt8]>([])
        fileprivate init(_ pipe: consuming OwnedFD) { self.pipe = pipe }
    }

    /// A pipe for a command: the end that it gets, and where what it writes will be.
    final class CommandPipe: Sendable {
        let writeEnd: OwnedFD
        let output: Stream
        fileprivate init(_ writeEnd: consuming OwnedFD, _ output: Stream) {
            self.writeEnd = writeEnd
            self.output = output
        }
    }

    private let streams = Mutex<[CInt: Stream]>([:])
    /// Written to when there is a stream more or less to watch.
    private let wakeUp: OwnedFD

    init() throws(SystemError) {
        let pipe = try Self.pipe()
        wakeUp = pipe.write
        try start(pipe.read)
    }

    deinit { wake() }

    func makePipe() throws(SystemError) -> CommandPipe {
        let pipe = try Self.pipe()
        let number = pipe.read.rawValue
        // The write end stays blocking: it is the command's.
        guard fcntl(number, F_SETFL, O_NONBLOCK) == 0 else { throw SystemError("make a pipe non-blocking", .current) }
        let stream = Stream(pipe.read)
        streams.withLock { $0[number] = stream }
        wake()
        return CommandPipe(pipe.write, stream)
    }

    /// Takes what is left in the pipe and ends the reading. Who still holds the other end gets EPIPE from now on.
    func finish(_ stream: Stream) -> [UInt8] {
        forget(stream)
        Self.drain(stream)
        return stream.bytes.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
    }

    private func forget(_ stream: Stream) {
        streams.withLock { streams in
            // The number may have been given out again already.
            if streams[stream.pipe.rawValue] === stream { streams[stream.pipe.rawValue] = nil }
        }
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = unsafe write(wakeUp.rawValue, &byte, 1)
    }

    private static func pipe() throws(SystemError) -> Pipe {
        do throws(Errno) { return try OwnedFD.pipe() } catch { throw SystemError("make a pipe", error) }
    }
}

// MARK: - The thread

extension OutputCollector {
    private func start(_ wakeEnd: consuming OwnedFD) throws(SystemError) {
        let wakeEnd = SharedDescriptor(wakeEnd)
        _ = fcntl(wakeEnd.rawValue, F_SETFL, O_NONBLOCK)
        try startThread { [weak self] in
            while true {
                // Held only for the moment: the thread must not keep the collector alive while it sleeps.
                guard var polled = self?.watched() else { return }
                polled.append(pollfd(fd: wakeEnd.rawValue, events: Int16(POLLIN), revents: 0))
                if unsafe poll(&polled, nfds_t(polled.count), -1) < 0, Errno.current != .interrupted { return }
                if polled.removeLast().revents != 0 { Self.swallow(wakeEnd.rawValue) }
                for entry in polled where entry.revents != 0 { self?.serve(entry.fd) }
            }
        }
    }

    private func watched() -> [pollfd] {
        streams.withLock { $0.keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
    }

    private static func swallow(_ number: CInt) {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe read(number, &bytes, bytes.count) == bytes.count {}
    }

    private func serve(_ number: CInt) {
        guard let stream = streams.withLock({ $0[number] }) else { return }
        if !Self.drain(stream) { forget(stream) }
    }

    /// Reads until the pipe is empty or at its end.
    ///
    /// - Returns: Whether there may be more later.
    @discardableResult
    private static func drain(_ stream: Stream) -> Bool {
        stream.bytes.withLock { bytes in
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = unsafe read(stream.pipe.rawValue, &chunk, chunk.count)
                if count > 0 {
                    bytes += chunk[..<min(count, max(0, limitBytes - bytes.count))]
                } else if count == 0 {
                    return false
                } else {
                    let errno = Errno.current
                    if errno != .interrupted { return errno == .wouldBlock }
                }
            }
        }
    }
}
