internal import APIMachinery
internal import APIServer
internal import Glibc
internal import HTTPServer
import Synchronization

/// What the audit log says of one request.
struct AuditRecord: Sendable {
    let auditID: String
    let request: APIRequest
    let info: RequestInfo
    let peer: Peer
    let receivedAt = MicroTimestamp(.now())
    var user: UserInfo?
    var impersonated: UserInfo?
    /// What admission has to say.
    var annotations: [String: String] = [:]

    init(request: APIRequest, info: RequestInfo, peer: Peer) {
        let given = request.headers["Audit-Id"] ?? ""
        auditID = given.isEmpty || given.utf8.count > 64 ? UID.random().description : given
        self.request = request
        self.info = info
        self.peer = peer
    }

    /// An audit.k8s.io/v1 Event.
    func json(_ response: APIResponse, _ decision: AuditPolicy.Decision, at end: MicroTimestamp) -> JSONValue {
        var event = JSONObject()
        event["kind"] = "Event"
        event["apiVersion"] = "audit.k8s.io/v1"
        event["level"] = .string(decision.level.text)
        event["auditID"] = .string(auditID)
        event["stage"] = "ResponseComplete"
        event["requestURI"] = .string(requestURI)
        event["verb"] = .string(info.verb)
        event["user"] = user?.json ?? .object(JSONObject())
        if let impersonated { event["impersonatedUser"] = impersonated.json }
        event["sourceIPs"] = [.string(peer.host)]
        if let agent = request.headers["User-Agent"] { event["userAgent"] = .string(agent) }
        if info.isResourceRequest { event["objectRef"] = objectReference }
        event["responseStatus"] = ["metadata": .object(JSONObject()), "code": .integer(Int64(response.status))]
        if decision.level >= .request {
            event["requestObject"] = AuditContent.request(request, omitsManagedFields: decision.omitsManagedFields)
        }
        if decision.level == .requestResponse {
            event["responseObject"] = AuditContent.response(response, omitsManagedFields: decision.omitsManagedFields)
        }
        if !annotations.isEmpty {
            let sorted = annotations.sorted { $0.key < $1.key }
            event["annotations"] = .object(JSONObject(members: sorted.map { .init(key: $0.key, value: .string($0.value)) }))
        }
        event["requestReceivedTimestamp"] = .string(receivedAt.description)
        event["stageTimestamp"] = .string(end.description)
        return .object(event)
    }

    private var requestURI: String {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return query.isEmpty ? request.path : "\(request.path)?\(query)"
    }

    private var objectReference: JSONValue {
        var reference = JSONObject()
        for (key, value) in [
            ("resource", info.resource), ("namespace", info.namespace), ("name", info.name), ("apiGroup", info.apiGroup),
            ("apiVersion", info.apiVersion), ("subresource", info.subresource),
        ] where !value.isEmpty { reference[key] = .string(value) }
        return .object(reference)
    }
}

/// The audit log: a JSON line for each request, in a file that only its owner may read.
///
/// Lines are gathered and written by one task. A disk that is slow or full costs lines, never a request: of those that come while 10,000 or
/// 64 MiB wait, some are lost.
final class AuditLog: Sendable {
    private static let waitingBytesMax = 64 << 20

    private let waitingBytes = ByteCount()
    private let lines: AsyncStream<[UInt8]>.Continuation
    private let writer: Task<Void, Never>
    private let policy: AuditPolicy

    /// - Parameter path: Made when it is not there; lines are appended.
    init(path: String, policy: AuditPolicy = .metadata) throws(SecretFile.Failure) {
        self.policy = policy
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SecretFile.Failure(step: "open the audit log \(path)", code: errno) }
        let (stream, lines) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(10_000))
        self.lines = lines
        writer = Task.detached { [waitingBytes] in
            for await line in stream {
                Self.write(line, descriptor)
                waitingBytes.value.subtract(line.count, ordering: .relaxed)
            }
            close(descriptor)
        }
    }

    /// A line that does not fit on the disk is lost, a part of it is not left for the next to be joined to.
    private static func write(_ line: [UInt8], _ descriptor: CInt) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { break }
        }
        guard !rest.isEmpty, rest.count < line.count else { return }
        var end: UInt8 = 0x0A
        _ = unsafe Glibc.write(descriptor, &end, 1)
    }

    func write(_ record: AuditRecord, _ response: APIResponse) {
        let decision = policy.decision(record.info, user: record.user ?? UserInfo(name: ""))
        guard decision.level > .none else { return }
        let line = record.json(response, decision, at: MicroTimestamp(.now())).serialized() + [0x0A]
        guard waitingBytes.value.add(line.count, ordering: .relaxed).newValue <= Self.waitingBytesMax else {
            waitingBytes.value.subtract(line.count, ordering: .relaxed)
            return
        }
        // With 10,000 waiting the oldest makes room.
        if case .dropped(let old) = lines.yield(line) { waitingBytes.value.subtract(old.count, ordering: .relaxed) }
    }

    /// Writes what is gathered and closes the file.
    func finish() async {
        lines.finish()
        await writer.value
    }
}

private final class ByteCount: Sendable {
    let value = Atomic<Int>(0)
}
