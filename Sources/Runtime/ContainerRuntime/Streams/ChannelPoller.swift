internal import LinuxSystem
internal import Synchronization

/// The one thread that waits for all channels whose other side has nothing to read, or no room, right now.
final class ChannelPoller: Sendable {
    /// A failure when the thread could not be started.
    static let shared: Result<ChannelPoller, SystemError> = {
        do throws(SystemError) { return .success(try ChannelPoller()) } catch { return .failure(error) }
    }()

    private struct Weak {
        weak var channel: DescriptorChannel?
    }
    private struct State {
        var lastToken: UInt64 = 0
        var channels: [UInt64: Weak] = [:]
    }
    private let queue: ReadinessQueue
    private let state = Mutex(State())

    private init() throws(SystemError) {
        queue = try ReadinessQueue()
        try startThread { [self] in
            while true {
                for token in queue.wait() { state.withLock { $0.channels[token]?.channel }?.becameReady() }
            }
        }
    }

    func add(_ channel: DescriptorChannel) -> UInt64 {
        state.withLock { state in
            state.lastToken += 1
            state.channels[state.lastToken] = Weak(channel: channel)
            return state.lastToken
        }
    }

    func remove(_ token: UInt64) { state.withLock { _ = $0.channels.removeValue(forKey: token) } }

    /// Calls the channel's `becameReady` once.
    func arm(_ descriptor: CInt, _ token: UInt64, reading: Bool, writing: Bool) throws(Errno) {
        try queue.arm(descriptor, token: token, reading: reading, writing: writing)
    }
}
