internal import Glibc
internal import LinuxSystem
import Synchronization

/// Signals as something to read. A process has at most one of these.
///
/// By handlers, not by blocking the signals and waiting for them: libdispatch keeps the main thread in sigsuspend(2) with nothing
/// blocked, where a signal's default action takes place whatever other threads block.
final class SignalPipe: Sendable {
    private let pipe: Pipe

    init(_ numbers: [CInt]) throws {
        pipe = try OwnedFD.pipe()
        signalTarget.store(pipe.write.rawValue, ordering: .sequentiallyConsistent)
        for number in numbers { signal(number, passOn) }
    }

    /// Blocks until there is one.
    func next() -> CInt? { (try? pipe.read.read(upTo: 1))?.first.map(CInt.init) }
}

/// Where the handler writes: it can hold nothing of its own.
private let signalTarget = Atomic<CInt>(-1)

/// Does nothing but what signal-safety(7) allows.
private func passOn(_ number: CInt) {
    let interrupted = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(signalTarget.load(ordering: .sequentiallyConsistent), &byte, 1)
    errno = interrupted
}
