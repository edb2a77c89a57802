import NIOCore

/// The same load for etcd: puts by gRPC, one at a time on each connection, in plain text.
struct EtcdScenario {
    let target: Target

    init(address: String, pid: Int) throws {
        guard let (host, port) = Target.endpoint(address) else { throw LoadError("\(address) is not HOST:PORT") }
        target = Target(host: host, port: port, pid: pid)
    }

    func run(clients count: Int, count operations: Int) async throws {
        let pool = ClientPool(target)
        var clients: [Client<GRPCWire>] = []
        for _ in 0..<count { clients.append(try await pool.connect(GRPCWire.self)) }
        // As long as a config map of `create` is in the store.
        let value = [UInt8](repeating: 0x76, count: 560)
        func work(_ count: Int, _ prefix: String) -> Work {
            Work(numbers: Numbers(count: count)) { number in
                Request(
                    path: "/etcdserverpb.KV/Put",
                    body: GRPCWire.fields([Array("/registry/configmaps/load/\(prefix)-\(number)".utf8), value]))
            }
        }
        try await runTogether(clients, work(count * 4, "warm"))
        try await measureLoad("etcd-\(count)", operations: operations, target.process) {
            try await runTogether(clients, work(operations, "new"))
        }
    }
}

/// Unary gRPC calls over HTTP/2 (RFC 9113). Header fields go out as literals without an index (RFC 7541, 6.2.2); those that come in are not read: an
/// answer is its DATA frames, an error is a stream that ends without any.
struct GRPCWire: Wire {
    private enum Kind {
        static let data: UInt8 = 0, headers: UInt8 = 1, reset: UInt8 = 3, settings: UInt8 = 4, ping: UInt8 = 6, goAway: UInt8 = 7
    }

    private var stream: UInt32 = 0
    private var pending = ByteBuffer()
    private var data = ByteBuffer()
    /// What must be said before the next request: acknowledgements.
    private var replies = ByteBuffer()

    var greeting: [UInt8] {
        var buffer = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        buffer.writeFrame(Kind.settings, flags: 0, stream: 0, [])
        buffer.writeFrame(8, flags: 0, stream: 0, [0x3F, 0xFF, 0, 0])  // WINDOW_UPDATE: about 1 GiB
        return Array(buffer.readableBytesView)
    }

    mutating func encode(_ request: Request) -> ByteBuffer {
        stream = stream == 0 ? 1 : stream + 2
        var headers: [UInt8] = []
        for (name, value) in [
            (":method", "POST"), (":scheme", "http"), (":path", request.path), (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ] { headers += [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8 }
        var buffer = replies
        replies = ByteBuffer()
        buffer.writeFrame(Kind.headers, flags: 4, stream: stream, headers)
        let length = UInt32(request.body.count)
        buffer.writeFrame(
            Kind.data, flags: 1, stream: stream, [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + request.body)
        return buffer
    }

    mutating func receive(_ bytes: inout ByteBuffer) throws -> Answer? {
        pending.writeBuffer(&bytes)
        var answer: Answer?
        while let frame = pending.readFrame() {
            switch frame.kind {
            case Kind.settings where frame.flags & 1 == 0: replies.writeFrame(Kind.settings, flags: 1, stream: 0, [])
            case Kind.ping where frame.flags & 1 == 0:
                replies.writeFrame(Kind.ping, flags: 1, stream: 0, Array(frame.payload.readableBytesView))
            case Kind.goAway, Kind.reset: throw LoadError("etcd gave the connection up")
            case Kind.data:
                var payload = frame.payload
                data.writeBuffer(&payload)
            default: break
            }
            guard frame.stream == stream, frame.flags & 1 == 1, frame.kind == Kind.data || frame.kind == Kind.headers else { continue }
            answer = Answer(status: data.readableBytes > 0 ? 200 : 500, body: data)
            data = ByteBuffer()
        }
        return answer
    }

    /// A protobuf message of byte fields, numbered from 1.
    static func fields(_ values: [[UInt8]]) -> [UInt8] {
        values.enumerated().flatMap { index, value in
            var length = value.count
            var encoded = [UInt8(index + 1) << 3 | 2]
            while length > 127 {
                encoded.append(UInt8(length & 127 | 128))
                length >>= 7
            }
            return encoded + [UInt8(length)] + value
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func writeFrame(_ kind: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) {
        writeInteger(UInt32(payload.count) << 8 | UInt32(kind))
        writeInteger(flags)
        writeInteger(stream)
        writeBytes(payload)
    }

    fileprivate mutating func readFrame() -> (kind: UInt8, flags: UInt8, stream: UInt32, payload: ByteBuffer)? {
        guard let head: UInt32 = getInteger(at: readerIndex), let flags: UInt8 = getInteger(at: readerIndex + 4),
            let stream: UInt32 = getInteger(at: readerIndex + 5), readableBytes >= 9 + Int(head >> 8)
        else { return nil }
        moveReaderIndex(forwardBy: 9)
        guard let payload = readSlice(length: Int(head >> 8)) else { return nil }
        return (UInt8(truncatingIfNeeded: head), flags, stream & 0x7FFF_FFFF, payload)
    }
}
