internal import APIMachinery
internal import KubernetesAPI
internal import KubernetesClient
import Synchronization

/// Service account tokens of the node's pods, asked for when they are wanted and again before they end.
final class TokenStore: Sendable {
    private let tokens = Mutex<[TokenOrder: ServiceToken]>([:])
    private let client: Client
    private let time: any TimeSource

    init(_ client: Client, _ time: any TimeSource) {
        self.client = client
        self.time = time
    }

    /// The one at hand until it is to be replaced; also afterwards while it holds and there is no new one to be had.
    func token(_ order: TokenOrder) async throws(ObjectError) -> ServiceToken {
        let known = tokens.withLock { $0[order] }
        if let known, time.wallTime < known.refreshAt { return known }
        do throws(ObjectError) {
            let new = try await request(order)
            tokens.withLock { $0[order] = new }
            return new
        } catch {
            guard var known else { throw ObjectError(error.kind, "failed to fetch token: \(error)") }
            guard time.wallTime < known.expiresAt else {
                throw ObjectError(.failed, "token of \(order.namespace)/\(order.serviceAccount) expired and refresh failed: \(error)")
            }
            known.refreshAt = time.wallTime + Self.retryPeriod
            return known
        }
    }

    /// After a refresh that failed.
    private static let retryPeriod = Duration.seconds(10)

    func forget(_ pod: PodUID) { tokens.withLock { tokens in tokens = tokens.filter { $0.key.podUID != pod } } }

    private func request(_ order: TokenOrder) async throws(ObjectError) -> ServiceToken {
        let path = [order.namespace, "serviceaccounts", order.serviceAccount, "token"].map { PercentEncoding.encoded($0) }
        var request = APIRequest(method: "POST", path: "/api/v1/namespaces/" + path.joined(separator: "/"))
        request.headers["Content-Type"] = "application/json"
        request.body = order.request.serialized(.compact)
        let answer: JSONValue
        do throws(ClientError) { answer = try await client.object(request) } catch { throw ObjectError(error) }
        guard let text = answer["status"]?["token"]?.stringValue,
            let end = answer["status"]?["expirationTimestamp"]?.stringValue.flatMap({ Timestamp($0) })
        else { throw ObjectError(.failed, "the answer to a TokenRequest has no token") }
        let seconds = answer["spec"]?["expirationSeconds"]?.integerValue ?? order.expirationSeconds
        let jitter = TokenLifetime.jitterMax * Double.random(in: 0..<1)
        return ServiceToken(
            text: text, expiresAt: end, refreshAt: TokenLifetime.refreshTime(expiresAt: end, seconds: seconds, jitter: jitter))
    }
}
