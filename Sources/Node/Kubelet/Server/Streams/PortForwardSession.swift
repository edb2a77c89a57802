internal import APIMachinery
internal import CRI
internal import HTTPServer
import Synchronization

/// Port forwarding over SPDY: a pair of streams, error and data, for each connection.
struct PortForwardSession: Sendable {
    static let subprotocol = "portforward.k8s.io"
    /// SPDY inside a WebSocket, as kubectl has it since 1.31.
    static let tunnelSubprotocol = "SPDY/3.1+portforward.k8s.io"

    let connect: @Sendable (UInt16) async throws(RuntimeError) -> any ByteChannel
    /// As messages name the pod.
    let podName: String

    private struct Pair: Sendable {
        var error: SPDYStream?
        var data: SPDYStream?
    }

    func run(_ connection: any RawConnection) async {
        let session = SPDYSession(connection)
        let (opened, continuation) = AsyncStream.makeStream(of: SPDYStream.self)
        let reading = Task {
            await session.run { continuation.yield($0) }
            continuation.finish()
        }
        var pairs: [String: Pair] = [:]
        await withDiscardingTaskGroup { group in
            for await stream in opened {
                let id = Self.requestID(of: stream)
                var pair = pairs[id] ?? Pair()
                switch stream.headers["streamtype"] {
                case "error": pair.error = stream
                case "data": pair.data = stream
                default:
                    await stream.reset()
                    continue
                }
                pairs[id] = pair
                guard let error = pair.error, let data = pair.data else { continue }
                pairs[id] = nil
                group.addTask {
                    await forward(data, error)
                    session.forget(data)
                    session.forget(error)
                }
            }
        }
        await reading.value
        session.close()
    }

    /// Clients before 1.4 send none: they open the error stream first, the data stream next.
    private static func requestID(of stream: SPDYStream) -> String {
        if let id = stream.headers["requestid"], !id.isEmpty { return id }
        return "\(stream.headers["streamtype"] == "data" ? stream.id - min(2, stream.id) : stream.id)"
    }

    private func forward(_ data: SPDYStream, _ error: SPDYStream) async {
        let text = data.headers["port"] ?? ""
        if let port = UInt16(text), port > 0 {
            do throws(RuntimeError) {
                let channel = try await connect(port)
                await Self.join(data, channel)
                channel.close()
            } catch let problem {
                try? await error.write(Array(message(port, problem).utf8))
            }
        } else {
            try? await error.write(Array("unable to parse \"\(text)\" as a port".utf8))
        }
        await data.finish()
        await error.finish()
    }

    private func message(_ port: UInt16, _ problem: RuntimeError) -> String {
        "error forwarding port \(port) to pod \(podName), uid : failed to execute portforward in network namespace: \(problem)"
    }

    /// Both directions end by themselves: a connection may be closed one way.
    private static func join(_ data: SPDYStream, _ channel: any ByteChannel) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                var isTaken = true
                // What nobody takes is read on: it would hold up other streams.
                while let bytes = await data.read() {
                    guard isTaken else { continue }
                    do throws(RuntimeError) { try await channel.write(bytes) } catch { isTaken = false }
                }
                if data.isReset { channel.close() } else { channel.finishWriting() }
            }
            group.addTask {
                do {
                    while let bytes = try await channel.read() { try await data.write(bytes) }
                    await data.finish()
                } catch {
                    await data.reset()
                }
            }
        }
    }
}
