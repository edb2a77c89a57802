internal import Glibc
internal import LinuxSystem
import Synchronization

/// SIGINT and SIGTERM as something to wait for. The second one ends the process as usual.
///
/// By handlers, not by blocking the signals and waiting for them: libdispatch keeps the main thread in sigsuspend(2) with nothing
/// blocked, where they would end the process.
final class Interruption: Sendable {
    private let stream: AsyncStream<CInt>
    private let pipe: Pipe

    init() throws {
        let (stream, continuation) = AsyncStream.makeStream(of: CInt.self)
        self.stream = stream
        pipe = try OwnedFD.pipe()
        interruptionPipe.store(pipe.write.rawValue, ordering: .sequentiallyConsistent)
        try startThread { [self] in
            guard let number = nextSignal() else { return }
            continuation.yield(number)
            if let number = nextSignal() { exit(128 + number) }
        }
        for number in [SIGINT, SIGTERM] { Glibc.signal(number, passOn) }
    }

    func signal() async -> CInt? {
        for await number in stream { return number }
        return nil
    }

    private func nextSignal() -> CInt? { (try? pipe.read.read(upTo: 1))?.first.map(CInt.init) }
}

/// Where the handler writes: it can hold nothing of its own.
private let interruptionPipe = Atomic<CInt>(-1)

/// Does nothing but what signal-safety(7) allows.
private func passOn(_ number: CInt) {
    let interrupted = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(interruptionPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
    errno = interrupted
}
