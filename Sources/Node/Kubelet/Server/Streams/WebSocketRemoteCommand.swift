internal import APIMachinery
internal import HTTPServer
import Synchronization

/// exec and attach over a WebSocket: the first byte of a message is its channel.
final class WebSocketRemoteCommand: RemoteCommandClient {
    /// In the order of preference.
    static let protocols = [
        "v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io", "",
    ]

    private enum Channel {
        static let stdin: UInt8 = 0
        static let error: UInt8 = 3
        static let resize: UInt8 = 4
        /// Since version 5: the client closes the channel that the next byte names.
        static let close: UInt8 = 255
    }
    private static let messageBytesMax = 64 << 10

    private let socket: WebSocketConnection
    private let isBase64: Bool
    /// Whether the outcome is told as a Status.
    private let tellsStatus: Bool
    /// Nothing is said before.
    private let silenceEnd: ContinuousClock.Instant?

    /// - Parameter silence: What the client needs after the handshake until it listens.
    init(_ socket: WebSocketConnection, subprotocol: String, silence: Duration = .zero) {
        self.socket = socket
        silenceEnd = silence > .zero ? .now + silence : nil
        isBase64 = subprotocol.contains("base64.")
        tellsStatus = subprotocol.hasPrefix("v4.") || subprotocol.hasPrefix("v5.")
    }

    func run(_ handle: @escaping @Sendable (RemoteInput) async -> Void) async {
        var channel: UInt8?
        var message: [UInt8] = []
        var sizes = TerminalSizeDecoder()
        while case .data(let bytes, _, let isStart, let isEnd)? = await socket.receive() {
            var bytes = bytes
            if isStart {
                message = []
                channel = nil
            }
            if isBase64 {
                // Digits are decoded when all of them are there.
                message += bytes
                guard isEnd else {
                    if message.count > 64 << 20 { return }
                    continue
                }
                guard let first = message.first, let decoded = Base64Data(base64: String(decoding: message.dropFirst(), as: UTF8.self))
                else { return }
                channel = first &- UInt8(ascii: "0")
                bytes = decoded.bytes
            } else if channel == nil, let first = bytes.first {
                channel = first
                bytes.removeFirst()
            }
            switch channel {
            case Channel.stdin: if !bytes.isEmpty { await handle(.stdin(bytes)) }
            case Channel.resize: for size in sizes.append(bytes) { await handle(.resize(size)) }
            case Channel.close: if bytes.first == Channel.stdin { await handle(.stdinEnd) }
            default: break
            }
        }
    }

    func write(_ bytes: [UInt8], to output: RemoteOutput) async throws {
        try await awaitListener()
        try await send(output.rawValue, bytes)
    }

    /// Says nothing, which is lost on a client that does not listen yet.
    func greet(_ output: RemoteOutput) async throws { try await send(output.rawValue, []) }

    func finish(_ outcome: RemoteOutcome) async {
        try? await awaitListener()
        let text = tellsStatus ? JSONValue.object(outcome.json).serialized() : Array(outcome.text.utf8)
        if !text.isEmpty { try? await send(Channel.error, text) }
        await socket.sendClose()
    }

    func close() { socket.close() }

    /// How long a client needs until it listens to all channels. client-go up to 1.33 reads before it has made them, and drops what comes for
    /// one that is not there ("Unknown stream id 1, discarding message", kubernetes/kubernetes#131189): the first output of a fast command.
    static func silence(userAgent: String) -> Duration {
        // client-go's own form: NAME/VERSION (OS/ARCH) kubernetes/COMMIT; a program of its own name may have any of its versions.
        let words = userAgent.split(separator: " ")
        guard words.contains(where: { $0.hasPrefix("kubernetes/") }), let name = words.first else { return .zero }
        guard name.hasPrefix("kubectl/v1.") else { return .milliseconds(20) }
        let minor = name.dropFirst("kubectl/v1.".count).prefix { $0.isNumber }
        return (Int(minor) ?? 0) >= 34 ? .zero : .milliseconds(20)
    }

    private func awaitListener() async throws {
        if let silenceEnd, ContinuousClock.now < silenceEnd { try await Task.sleep(until: silenceEnd) }
    }

    private func send(_ channel: UInt8, _ bytes: [UInt8]) async throws {
        guard isBase64 else { return try await socket.send(.binary, prefix: channel, bytes) }
        try await socket.send(.text, prefix: UInt8(ascii: "0") + channel, Array(Base64Data(bytes).base64.utf8))
    }
}
