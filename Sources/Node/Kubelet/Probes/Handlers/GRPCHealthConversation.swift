/// One call of `grpc.health.v1.Health/Check` on a plaintext HTTP/2 connection.
///
/// - Note: Frames as RFC 9113 has them, messages as in grpc's PROTOCOL-HTTP2.md and health/v1/health.proto.
struct GRPCHealthConversation: ProbeConversation {
    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let resetStream: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let continuation: UInt8 = 9
    }
    private enum Flag {
        static let ack: UInt8 = 1
        static let endStream: UInt8 = 1
        static let endHeaders: UInt8 = 4
        static let padded: UInt8 = 8
        static let priority: UInt8 = 32
    }
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    /// SETTINGS_MAX_FRAME_SIZE's default.
    private static let maxFrameBytes = 16_384
    private static let maxAnswerBytes = 64 << 10

    private let authority: String
    private let service: String
    private let userAgent: String
    private var pending: [UInt8] = []
    private var decoder = HPACKDecoder()
    /// Of the field block that has begun.
    private var block: [UInt8] = []
    private var blockEndsStream = false
    private var message: [UInt8] = []
    private var answer = GRPCHealthAnswer()
    private(set) var hasBegunToAnswer = false

    init(authority: String, service: String, userAgent: String) {
        self.authority = authority
        self.service = service
        self.userAgent = userAgent
    }

    mutating func begin() -> ConversationStep {
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"), (":authority", authority),
            ("content-type", "application/grpc"), ("user-agent", userAgent), ("te", "trailers"),
        ]
        let block = fields.flatMap { HPACKEncoder.literal(name: $0.0, value: $0.1) }
        var bytes = Array(Self.preface.utf8) + Self.frame(FrameType.settings, 0, stream: 0, [])
        bytes += Self.frame(FrameType.headers, Flag.endHeaders, stream: 1, block)
        bytes += Self.frame(FrameType.data, Flag.endStream, stream: 1, Self.request(service))
        return .goOn(bytes)
    }

    mutating func receive(_ bytes: ArraySlice<UInt8>) -> ConversationStep {
        pending += bytes
        var reply: [UInt8] = []
        while pending.count >= 9 {
            let length = Int(pending[0]) << 16 | Int(pending[1]) << 8 | Int(pending[2])
            guard length <= Self.maxFrameBytes else { return malformed }
            guard pending.count >= 9 + length else { break }
            let (type, flags, payload) = (pending[3], pending[4], Array(pending[9..<(9 + length)]))
            pending.removeFirst(9 + length)
            switch handle(type, flags, payload) {
            case .goOn(let bytes): reply += bytes
            case .done(let answer): return .done(answer)
            }
        }
        return .goOn(reply)
    }

    mutating func end() -> ConversationStep { hasBegunToAnswer ? .done(.health(answer)) : malformed }

    private var malformed: ConversationStep {
        .done(.malformed("connection error: desc = \"error reading server preface: it does not speak HTTP/2\""))
    }

    private mutating func handle(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8]) -> ConversationStep {
        switch type {
        case FrameType.settings where flags & Flag.ack == 0:
            hasBegunToAnswer = true
            return .goOn(Self.frame(FrameType.settings, Flag.ack, stream: 0, []))
        case FrameType.ping where flags & Flag.ack == 0: return .goOn(Self.frame(FrameType.ping, Flag.ack, stream: 0, payload))
        case FrameType.headers:
            block = Self.unpadded(payload, flags)
            if flags & Flag.priority != 0 { block.removeFirst(min(5, block.count)) }
            blockEndsStream = flags & Flag.endStream != 0
            return flags & Flag.endHeaders == 0 ? .goOn([]) : readBlock()
        case FrameType.continuation:
            block += payload
            guard block.count <= Self.maxAnswerBytes else { return malformed }
            return flags & Flag.endHeaders == 0 ? .goOn([]) : readBlock()
        case FrameType.data:
            message += Self.unpadded(payload, flags)
            guard message.count <= Self.maxAnswerBytes else { return malformed }
            answer.servingStatus = Self.servingStatus(message)
            return flags & Flag.endStream == 0 ? .goOn([]) : .done(.health(answer))
        case FrameType.resetStream, FrameType.goAway: return .done(.health(answer))
        default: return .goOn([])
        }
    }

    private mutating func readBlock() -> ConversationStep {
        guard let fields = decoder.decode(block) else { return malformed }
        for field in fields {
            switch field.name {
            case ":status": answer.httpStatus = Int(field.value)
            case "grpc-status": answer.code = Int(field.value)
            case "grpc-message": answer.message = field.value
            default: break
            }
        }
        return blockEndsStream ? .done(.health(answer)) : .goOn([])
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags, 0, 0, 0, stream] + payload
    }

    private static func unpadded(_ payload: [UInt8], _ flags: UInt8) -> [UInt8] {
        guard flags & Flag.padded != 0, let padding = payload.first, payload.count > Int(padding) else { return payload }
        return Array(payload[1..<(payload.count - Int(padding))])
    }

    /// `HealthCheckRequest { string service = 1 }` behind a message's five bytes: not compressed, length.
    private static func request(_ service: String) -> [UInt8] {
        var message: [UInt8] = []
        if !service.isEmpty { message = [0x0a] + varint(service.utf8.count) + Array(service.utf8) }
        let length = message.count
        return [0, UInt8(length >> 24 & 255), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)] + message
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// `HealthCheckResponse { ServingStatus status = 1 }`; 0 when the field is absent, nil when the message is not whole.
    private static func servingStatus(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 5, bytes[0] == 0 else { return nil }
        let length = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= 5 + length else { return nil }
        if length == 0 { return 0 }
        return length >= 2 && bytes[5] == 0x08 ? Int(bytes[6]) : nil
    }
}

package struct GRPCHealthAnswer: Sendable, Hashable {
    var httpStatus: Int?
    /// `grpc-status`; nil when the connection ended without one.
    var code: Int?
    var message = ""
    /// nil: none came.
    var servingStatus: Int?

    private static let codes = [
        "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
        "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss",
        "Unauthenticated",
    ]
    private static let unimplemented = 12
    private static let deadlineExceeded = 4
    private static let serving = 1
    private static let servingNames = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]

    func outcome(timeout: Duration) -> ProbeOutcome {
        switch code {
        case 0:
            if servingStatus == Self.serving { return .success }
            let status = servingStatus ?? 0
            return .failure(
                "service unhealthy (responded with \"\(status < Self.servingNames.count ? Self.servingNames[status] : "\(status)")\")")
        case Self.unimplemented:
            return .failure("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): \(message)")
        case Self.deadlineExceeded: return .failure("timeout: health rpc did not complete within \(timeout.goMillisecondsText)")
        case let code?:
            let name = Self.codes.indices.contains(code) ? Self.codes[code] : "Code(\(code))"
            return .failure("error: health rpc probe failed: rpc error: code = \(name) desc = \(message)")
        case nil:
            let why = httpStatus.map {
                $0 == 200 ? "server closed the stream without sending trailers" : "unexpected HTTP status code received from server: \($0)"
            }
            return .failure("error: health rpc probe failed: rpc error: code = Unavailable desc = \(why ?? "connection closed")")
        }
    }
}
