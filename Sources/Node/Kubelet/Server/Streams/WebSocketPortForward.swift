internal import APIMachinery
internal import CRI
internal import HTTPServer

/// Port forwarding over a WebSocket's channels, as Python clients have it: for the port with index i, channel 2i carries data and 2i+1 errors. The
/// server's first message on each is the port, two bytes, the lower one first.
struct WebSocketPortForward: Sendable {
    static let protocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io"]

    let connect: @Sendable (UInt16) async throws(RuntimeError) -> any ByteChannel
    let podName: String
    let ports: [UInt16]
    let isBase64: Bool

    func run(_ connection: any RawConnection) async {
        let socket = WebSocketConnection(connection)
        defer { socket.close() }
        var channels: [any ByteChannel] = []
        defer { for channel in channels { channel.close() } }
        for (index, port) in ports.enumerated() {
            for channel in [2 * index, 2 * index + 1] { try? await send(UInt8(channel), [UInt8(port & 0xFF), UInt8(port >> 8)], socket) }
            do throws(RuntimeError) {
                channels.append(try await connect(port))
            } catch {
                try? await send(UInt8(2 * index + 1), Array("error forwarding port \(port) to pod \(podName), uid : \(error)".utf8), socket)
                return await socket.sendClose()
            }
        }
        await copy(channels, socket)
    }

    private func copy(_ channels: [any ByteChannel], _ socket: WebSocketConnection) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await receive(channels, socket) }
            group.addTask {
                await withDiscardingTaskGroup { outputs in
                    for (index, channel) in channels.enumerated() {
                        outputs.addTask {
                            while let bytes = try? await channel.read() {
                                guard (try? await send(UInt8(2 * index), bytes, socket)) != nil else { return }
                            }
                        }
                    }
                }
                await socket.sendClose()
                // The client answers with a close of its own.
                try? await Task.sleep(for: .seconds(10))
            }
            await group.next()
            group.cancelAll()
            for channel in channels { channel.close() }
            socket.close()
        }
    }

    private func receive(_ channels: [any ByteChannel], _ socket: WebSocketConnection) async {
        var current: Int?
        var message: [UInt8] = []
        while case .data(var bytes, _, let isStart, let isEnd)? = await socket.receive() {
            if isStart { (current, message) = (nil, []) }
            if isBase64 {
                message += bytes
                guard isEnd else { continue }
                guard let first = message.first, let decoded = Base64Data(base64: String(decoding: message.dropFirst(), as: UTF8.self))
                else { return }
                (current, bytes) = (Int(first) - 48, decoded.bytes)
            } else if current == nil, let first = bytes.first {
                current = Int(first)
                bytes.removeFirst()
            }
            guard let index = current, index % 2 == 0, index / 2 < channels.count, !bytes.isEmpty else { continue }
            try? await channels[index / 2].write(bytes)
        }
    }

    private func send(_ channel: UInt8, _ bytes: [UInt8], _ socket: WebSocketConnection) async throws {
        guard isBase64 else { return try await socket.send(.binary, prefix: channel, bytes) }
        try await socket.send(.text, prefix: UInt8(ascii: "0") + channel, Array(Base64Data(bytes).base64.utf8))
    }
}
