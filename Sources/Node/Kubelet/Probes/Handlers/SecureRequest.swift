internal import APIMachinery
internal import HTTPClient

/// A GET request over TLS. Whoever answers is believed: probes and hooks ask whether there is an answer, not from whom.
struct SecureRequest: Sendable {
    let request: ProbeHTTPRequest
    let userAgent: String

    /// Made once: it costs milliseconds.
    private static let context = Result { () throws(TransportError) in try TLSClientContext(trust: .anybody) }

    func send(within timeout: Duration) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        let begin = ContinuousClock.now
        return await withTaskGroup(of: Result<ProbeAnswer, ProbeSocketFailure>?.self) { group in
            group.addTask { await exchange(within: timeout) }
            group.addTask {
                // Cancelled once there is an answer.
                try? await Task.sleep(until: begin + timeout, clock: .continuous)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .failure(ProbeSocketFailure(stage: .waiting, isTimeout: true, text: "context deadline exceeded"))
        }
    }

    private func exchange(within timeout: Duration) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        do throws(TransportError) {
            var dialer = Dialer(host: request.host, port: Int(request.port), tls: try Self.context.get())
            dialer.timeout = timeout
            var headers: HTTPHeaders = [:]
            for field in request.allFields(userAgent: userAgent) { headers.append(field.name, field.value) }
            let answer = try await StreamingRequest(dialer).send(APIRequest(path: request.target, headers: headers))
            defer { answer.connection.close() }
            return .success(.http(try await read(answer)))
        } catch {
            return .failure(ProbeSocketFailure(stage: .waiting, text: Self.words(for: error)))
        }
    }

    private func read(_ answer: StreamingAnswer) async throws(TransportError) -> ProbeHTTPAnswer {
        var body: [UInt8] = []
        do {
            while body.count < HTTPConversation.maxBodyBytes, let bytes = try await answer.connection.read() { body += bytes }
        } catch {
            throw error as? TransportError ?? TransportError("context canceled")
        }
        return ProbeHTTPAnswer(
            status: answer.status, location: answer.headers["Location"], body: Array(body.prefix(HTTPConversation.maxBodyBytes)))
    }

    static let plainHTTP = "http: server gave HTTP response to HTTPS client"

    private static func words(for error: TransportError) -> String {
        error.description.contains("WRONG_VERSION_NUMBER") ? plainHTTP : error.description
    }
}
