import Synchronization

/// Bytes on their way from one task to another. Who appends waits while too much is there.
final class BoundedInbox: Sendable {
    private struct State {
        var arrived: [[UInt8]] = []
        var byteCount = 0
        var hasEnded = false
        var isAbandoned = false
        var reader: CheckedContinuation<[UInt8]?, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }
    private let bytesMax: Int
    private let state = Mutex(State())

    init(bytesMax: Int = 1 << 20) { self.bytesMax = bytesMax }

    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// Returns when there is room for more.
    func append(_ bytes: [UInt8]) async {
        guard !bytes.isEmpty else { return }
        await withCheckedContinuation { continuation in
            let (reader, mustWait) = state.withLock { state -> (CheckedContinuation<[UInt8]?, Never>?, Bool) in
                if state.isAbandoned || state.hasEnded { return (nil, false) }
                if let reader = state.reader.take() { return (reader, false) }
                state.arrived.append(bytes)
                state.byteCount += bytes.count
                guard state.byteCount >= bytesMax else { return (nil, false) }
                state.writer = continuation
                return (nil, true)
            }
            reader?.resume(returning: bytes)
            if !mustWait { continuation.resume() }
        }
    }

    func end() {
        let reader = state.withLock { state in
            state.hasEnded = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// Drops what is there; nobody waits any more.
    func abandon() {
        let (reader, writer) = state.withLock { state in
            state.isAbandoned = true
            state.arrived = []
            state.byteCount = 0
            return (state.reader.take(), state.writer.take())
        }
        reader?.resume(returning: nil)
        writer?.resume()
    }

    /// The next bytes; nil at the end.
    func next() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            let (outcome, writer) = state.withLock { state -> ([UInt8]??, CheckedContinuation<Void, Never>?) in
                if let bytes = state.arrived.first {
                    state.arrived.removeFirst()
                    state.byteCount -= bytes.count
                    return (bytes, state.byteCount < bytesMax ? state.writer.take() : nil)
                }
                if state.isAbandoned || state.hasEnded { return (.some(nil), nil) }
                precondition(state.reader == nil, "an inbox is read by one task at a time")
                state.reader = continuation
                return (nil, nil)
            }
            writer?.resume()
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
