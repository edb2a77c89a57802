internal import APIMachinery
internal import APIServer
internal import HTTPClient
internal import KubernetesClient
import Synchronization

/// Asks webhooks over HTTPS and keeps their connections for the next question.
final class HTTPSWebhookCaller: WebhookCaller {
    /// What calls need to have in common to share connections.
    fileprivate struct Key: Hashable {
        var endpoint: WebhookEndpoint
        var timeout: Duration
    }
    fileprivate struct Entry {
        var transport: HTTPSTransport
        var lastUse: UInt64
    }
    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        var uses: UInt64 = 0
    }

    /// As many as upstream keeps. Pods come and go; their connections shall not stay for ever.
    private static let entriesMax = 30
    /// An answer holds no more than the patch of one object.
    private static let answerBytesMax = 7 << 20
    private let state = Mutex(State())

    func post(_ body: [UInt8], to endpoint: WebhookEndpoint, timeout: Duration) async throws(WebhookCallError) -> WebhookAnswer {
        let transport = try transport(to: endpoint, timeout)
        let parts = endpoint.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var request = APIRequest(method: "POST", path: String(parts[0]), body: body)
        request.headers = ["Content-Type": "application/json", "Accept": "application/json, */*", "User-Agent": "kube-apiserver-admission"]
        if parts.count == 2 {
            request.query = parts[1].split(separator: "&").map {
                let sides = $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return .init(name: String(sides[0]), value: sides.count == 2 ? String(sides[1]) : "")
            }
        }
        return try await answer(to: request, by: transport, timeout)
    }

    private func answer(
        to request: APIRequest, by transport: HTTPSTransport, _ timeout: Duration
    ) async throws(WebhookCallError) -> WebhookAnswer {
        let result = await withTaskGroup(of: Result<WebhookAnswer, WebhookCallError>.self) { group in
            group.addTask {
                do {
                    let response = try await transport.send(request)
                    let body = try await response.body.collect(upTo: Self.answerBytesMax)
                    return .success(
                        WebhookAnswer(status: response.status, contentType: response.headers["Content-Type"] ?? "", body: body))
                } catch {
                    return .failure(WebhookCallError("\(error)"))
                }
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(WebhookCallError("context deadline exceeded"))
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(WebhookCallError("context canceled"))
        }
        return try result.get()
    }

    private func transport(to endpoint: WebhookEndpoint, _ timeout: Duration) throws(WebhookCallError) -> HTTPSTransport {
        var endpoint = endpoint
        endpoint.target = ""
        let key = Key(endpoint: endpoint, timeout: timeout)
        if let known = state.withLock({ $0.use(key) }) { return known }
        let transport = try Self.makeTransport(endpoint, timeout)
        state.withLock { state in
            state.uses += 1
            state.entries[key] = Entry(transport: transport, lastUse: state.uses)
            guard state.entries.count > Self.entriesMax, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            else { return }
            state.entries[oldest.key] = nil
        }
        return transport
    }

    private static func makeTransport(_ endpoint: WebhookEndpoint, _ timeout: Duration) throws(WebhookCallError) -> HTTPSTransport {
        do throws(TransportError) {
            let trust = endpoint.certificateAuthority.isEmpty ? TLSClientContext.Trust.system : .authorities(endpoint.certificateAuthority)
            var dialer = Dialer(
                host: endpoint.address.host, port: endpoint.address.port, tls: try TLSClientContext(trust: trust),
                serverName: endpoint.serverName)
            dialer.timeout = timeout
            var policy = HTTPSTransport.Policy()
            // Webhooks must bear to be asked twice; upstream asks again too.
            policy.retriesAll = true
            policy.namesRequest = false
            return HTTPSTransport(dialer, authority: endpoint.authority, policy: policy)
        } catch {
            throw WebhookCallError("\(error)")
        }
    }
}

extension HTTPSWebhookCaller.State {
    fileprivate mutating func use(_ key: HTTPSWebhookCaller.Key) -> HTTPSTransport? {
        guard var entry = entries[key] else { return nil }
        uses += 1
        entry.lastUse = uses
        entries[key] = entry
        return entry.transport
    }
}
