package import APIMachinery
import Synchronization

/// A WebSocket after its handshake, the server's end. One task receives; any may send.
package final class WebSocketConnection: Sendable {
    private let connection: any RawConnection
    private let reader = Mutex(WebSocketReader())

    package init(_ connection: any RawConnection) { self.connection = connection }

    /// The next event that is not for the protocol itself: pings are answered here.
    ///
    /// - Returns: nil at the end, also after a frame that is not well formed.
    package func receive() async -> WebSocketEvent? {
        while true {
            let event: WebSocketEvent?
            do throws(WebSocketError) {
                event = try reader.withLock { reader throws(WebSocketError) in try reader.next() }
            } catch {
                try? await connection.write(WebSocketFrame.close(code: 1002))
                return nil
            }
            switch event {
            case .ping(let payload): try? await connection.write(WebSocketFrame.bytes(.pong, payload))
            case .pong: break
            case .close: return nil
            case .data: return event
            case nil:
                guard let bytes = try? await connection.read() else { return nil }
                reader.withLock { $0.append(bytes) }
            }
        }
    }

    package func send(_ kind: WebSocketFrame.Kind, prefix: UInt8? = nil, _ payload: [UInt8]) async throws {
        try await connection.write(WebSocketFrame.bytes(kind, prefix: prefix, payload))
    }

    /// Says that the server has said everything.
    package func sendClose() async { try? await connection.write(WebSocketFrame.close(code: 1000)) }

    package func close() { connection.close() }
}

/// A connection of bytes inside a WebSocket's binary messages, whose borders mean nothing.
package final class WebSocketTunnel: RawConnection {
    private let socket: WebSocketConnection

    package init(_ socket: WebSocketConnection) { self.socket = socket }

    package func write(_ bytes: [UInt8]) async throws { try await socket.send(.binary, bytes) }

    package func read() async throws -> [UInt8]? {
        while let event = await socket.receive() {
            if case .data(let bytes, _, _, _) = event, !bytes.isEmpty { return bytes }
        }
        return nil
    }

    package func close() { socket.close() }
}
