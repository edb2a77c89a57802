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

    init(_ socket: WebSocketConnection, subprotocol: String) {
        self.socket = socket
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

    func write(_ bytes: [UInt8], to output: RemoteOutput) async throws { try await send(output.rawValue, bytes) }

    func finish(_ outcome: RemoteOutcome) async {
        let text = tellsStatus ? JSONValue.object(outcome.json).serialized() : Array(outcome.text.utf8)
        if !text.isEmpty { try? await send(Channel.error, text) }
        await socket.sendClose()
    }

    func close() { socket.close() }

    private func send(_ channel: UInt8, _ bytes: [UInt8]) async throws {
        guard isBase64 else { return try await socket.send(.binary, prefix: channel, bytes) }
        try await socket.send(.text, prefix: UInt8(ascii: "0") + channel, Array(Base64Data(bytes).base64.utf8))
    }
}
