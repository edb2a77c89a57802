internal import Glibc
internal import LinuxSystem

/// SIGINT and SIGTERM as something to wait for. The second one ends the process as usual.
final class Interruption: Sendable {
    private let stream: AsyncStream<CInt>

    init() throws {
        let (stream, continuation) = AsyncStream.makeStream(of: CInt.self)
        self.stream = stream
        let signals = try SignalPipe([SIGINT, SIGTERM])
        try startThread {
            guard let number = signals.next() else { return }
            continuation.yield(number)
            if let number = signals.next() { exit(128 + number) }
        }
    }

    func signal() async -> CInt? {
        for await number in stream { return number }
        return nil
    }
}
