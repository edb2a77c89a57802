internal import APIMachinery
internal import APIServer
internal import HTTPServer

/// What stands between the sockets and the API server: who asks, as whom, whether there is room, and what is written down of it.
final class Front: Sendable {
    private let authenticator: RequestAuthenticator
    private let authorizer: any Authorizer
    private let server: APIServer
    private let fairness: FairQueue
    private let audit: AuditLog?
    private let metrics: RequestMetrics
    private let ownPages: OwnPages

    init(
        server: APIServer, authenticator: RequestAuthenticator, authorizer: any Authorizer, fairness: FairQueue, audit: AuditLog?,
        metrics: RequestMetrics, ownPages: OwnPages
    ) {
        self.server = server
        self.authenticator = authenticator
        self.authorizer = authorizer
        self.fairness = fairness
        self.audit = audit
        self.metrics = metrics
        self.ownPages = ownPages
    }

    func handle(_ request: APIRequest, from peer: Peer) async -> APIResponse {
        let info = RequestInfo(request)
        let start = ContinuousClock.now
        metrics.began(info)
        var record = AuditRecord(request: request, info: info, peer: peer)
        var response: APIResponse
        if audit == nil {
            response = await self.response(to: request, info, peer, &record)
        } else {
            let annotations = AuditAnnotations()
            response = await AuditAnnotations.$current.withValue(annotations) { await self.response(to: request, info, peer, &record) }
            record.annotations = annotations.all
        }
        if response.headers["Audit-Id"] == nil { response.headers.append("Audit-Id", record.auditID) }
        let seconds = (ContinuousClock.now - start).inSeconds
        if case .stream(let body) = response.body {
            let (metrics, status) = (metrics, response.status)
            response.body = .stream { stream in
                stream.onClose { metrics.ended(info, status: status, seconds: seconds) }
                body(stream)
            }
        } else {
            metrics.ended(info, status: response.status, seconds: seconds)
        }
        audit?.write(record, response)
        return response
    }

    private func response(to request: APIRequest, _ info: RequestInfo, _ peer: Peer, _ record: inout AuditRecord) async -> APIResponse {
        do throws(Status) { return try await answer(request, info, peer, &record) } catch { return Self.response(error) }
    }

    private func answer(
        _ request: APIRequest, _ info: RequestInfo, _ peer: Peer, _ record: inout AuditRecord
    ) async throws(Status) -> APIResponse {
        var user = try await authenticator.authenticate(request, from: peer)
        record.user = user
        if let wish = Impersonation(request.headers) {
            user = try wish.user(actedBy: user, authorizer)
            record.impersonated = user
        }
        if info.isLongRunning || user.groups.contains("system:masters") { return try await serve(request, info, user, peer) }
        try await fairness.enter(user.name)
        let outcome = await served(request, info, user, peer)
        fairness.leave(user.name)
        return try outcome.get()
    }

    private func served(_ request: APIRequest, _ info: RequestInfo, _ user: UserInfo, _ peer: Peer) async -> Result<APIResponse, Status> {
        do throws(Status) {
            return .success(try await serve(request, info, user, peer))
        } catch {
            return .failure(error)
        }
    }

    private func serve(_ request: APIRequest, _ info: RequestInfo, _ user: UserInfo, _ peer: Peer) async throws(Status) -> APIResponse {
        if !info.isResourceRequest, let page = ownPages.page(info.path) {
            let attributes = RequestAttributes(user: user, verb: info.verb, path: info.path)
            let decision = authorizer.authorize(attributes)
            guard decision.isAllowed else { throw .forbidden(attributes, reason: decision.reason) }
            return await page()
        }
        return await server.handle(request, info: info, from: Caller(user: user, remoteAddress: peer.host))
    }

    private static func response(_ status: Status) -> APIResponse {
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-cache, private"]
        if let seconds = status.details?.retryAfterSeconds, seconds > 0 { headers["Retry-After"] = "\(seconds)" }
        return APIResponse(status: Int(status.code), headers: headers, body: .bytes(status.json.serialized() + [0x0A]))
    }
}

extension Peer {
    /// The address without the port.
    var host: String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        return address[..<colon].filter { $0 != "[" && $0 != "]" }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
