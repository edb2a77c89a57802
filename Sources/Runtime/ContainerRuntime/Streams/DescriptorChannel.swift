package import CRI
internal import Glibc
package import LinuxSystem
internal import Synchronization

/// A pipe, socket or terminal as a channel. No thread waits for it: `ChannelPoller` does for all.
package final class DescriptorChannel: ByteChannel {
    package enum Kind: Sendable { case pipe, socket, terminal }

    private static let pieceBytes = 128 << 10

    private struct State {
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var waitsToRead = false
        var waitsToWrite = false
    }
    private let descriptor: OwnedFD
    private let kind: Kind
    private let poller: ChannelPoller
    private let token = Atomic<UInt64>(0)
    private let state = Mutex(State())

    /// - Parameter descriptor: Is made non-blocking.
    package init(_ descriptor: consuming OwnedFD, _ kind: Kind) throws(SystemError) {
        self.descriptor = descriptor
        self.kind = kind
        poller = try ChannelPoller.shared.get()
        let flags = fcntl(self.descriptor.rawValue, F_GETFL)
        guard fcntl(self.descriptor.rawValue, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw SystemError("make a channel non-blocking", .current)
        }
        token.store(poller.add(self), ordering: .relaxed)
    }

    deinit { poller.remove(token.load(ordering: .relaxed)) }

    package func read() async throws(RuntimeError) -> [UInt8]? {
        while !isClosed {
            do throws(Errno) {
                let bytes = try descriptor.read(upTo: Self.pieceBytes)
                return bytes.isEmpty || isClosed ? nil : bytes
            } catch {
                switch error {
                case .wouldBlock: try await wait(reading: true)
                // A terminal whose last user is gone; a connection that was broken off.
                case Errno(rawValue: EIO), Errno(rawValue: ECONNRESET): return nil
                default: throw RuntimeError(.failed, "read from a stream: \(error)")
                }
            }
        }
        return nil
    }

    package func write(_ bytes: [UInt8]) async throws(RuntimeError) {
        var offset = 0
        while offset < bytes.count {
            guard !isClosed else { throw RuntimeError(.failedPrecondition, "write to a stream that was closed") }
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe kind == .socket
                    ? send(descriptor.rawValue, buffer.baseAddress! + offset, bytes.count - offset, CInt(MSG_NOSIGNAL))
                    : Glibc.write(descriptor.rawValue, buffer.baseAddress! + offset, bytes.count - offset)
            }
            let errno = Errno.current
            if count >= 0 {
                offset += count
            } else if errno == .wouldBlock {
                try await wait(reading: false)
            } else if errno != .interrupted {
                throw RuntimeError(.failedPrecondition, "write to a stream: \(errno)")
            }
        }
    }

    package func finishWriting() {
        switch kind {
        case .pipe: close()
        case .socket: _ = shutdown(descriptor.rawValue, CInt(SHUT_WR))
        case .terminal: break  // a terminal that nobody types on stays a terminal
        }
    }

    /// The number stays taken, so that nobody who is about to use it hits another file; what it meant is let go of at once.
    package func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        if kind == .socket { _ = shutdown(descriptor.rawValue, CInt(SHUT_RDWR)) }
        if let null = Self.null, dup2(null, descriptor.rawValue) >= 0 { _ = fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC) }
        becameReady()
    }

    /// Of a terminal.
    func resize(_ size: TerminalSize) throws(SystemError) {
        var size = winsize(ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0)
        guard unsafe ioctl(descriptor.rawValue, UInt(TIOCSWINSZ), &size) == 0 else { throw SystemError("resize a terminal", .current) }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private static let null: CInt? = {
        let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        return number >= 0 ? number : nil
    }()

    // MARK: waiting

    private func wait(reading: Bool) async throws(RuntimeError) {
        let failure = Mutex<Errno?>(nil)
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                guard !state.isClosed else { return true }
                state.waiting.append(continuation)
                if reading { state.waitsToRead = true } else { state.waitsToWrite = true }
                do throws(Errno) {
                    try poller.arm(
                        descriptor.rawValue, token.load(ordering: .relaxed), reading: state.waitsToRead, writing: state.waitsToWrite)
                    return false
                } catch {
                    state.waiting.removeLast()
                    failure.withLock { $0 = error }
                    return true
                }
            }
            if isClosed { continuation.resume() }
        }
        if let errno = failure.withLock({ $0 }) { throw RuntimeError(.failed, "wait for a stream: \(errno)") }
    }

    /// Wakes both directions: each looks for itself.
    func becameReady() {
        let waiting = state.withLock { state in
            defer { (state.waiting, state.waitsToRead, state.waitsToWrite) = ([], false, false) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
