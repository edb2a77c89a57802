import APIMachinery
internal import HTTPClient
import Synchronization

/// Sends requests as the configuration says: with TLS or without, through a proxy or not.
final class RegistryConnector: Sendable {
    let configuration: RegistryConfiguration
    let clock: any TimeSource
    /// Made once: a context costs milliseconds.
    private let contexts = Mutex<[String: TLSClientContext]>([:])

    init(_ configuration: RegistryConfiguration, clock: any TimeSource) {
        self.configuration = configuration
        self.clock = clock
    }

    /// One request and its answer, whatever it says.
    ///
    /// - Parameter host: Whose settings hold; another server that the registry leads to has those of all others.
    /// - Throws: `.unavailable` when there is no answer, in containerd's words: `failed to do request: Head "https://…": …`.
    func send(
        _ method: String, _ url: HTTPURL, host: String, headers: HTTPHeaders = [:], body: [UInt8] = [], upload: Upload? = nil
    ) async throws(ImageError) -> RegistryAnswer {
        var request = APIRequest(method: method, path: url.target, headers: headers, body: body)
        request.headers["Host"] = url.authority
        request.headers["User-Agent"] = "swiftlet"
        let name = "\(method.prefix(1))\(method.dropFirst().lowercased())"
        do {
            var dialer = Dialer(host: url.host, port: url.port, tls: url.isSecure ? try context(host) : nil)
            dialer.proxy = configuration.proxies.proxy(for: url)
            dialer.timeout = min(dialer.timeout, configuration.stallTimeout)
            let answer = try await answer(to: request, upload, dialer)
            return RegistryAnswer(answer, method, url, clock, stallTimeout: configuration.stallTimeout)
        } catch {
            if Task.isCancelled { throw .cancelled }
            throw .unavailable("failed to do request: \(name) \(quoted("\(url.withoutQuery)")): \(error)")
        }
    }

    private func answer(to request: APIRequest, _ upload: Upload?, _ dialer: Dialer) async throws -> StreamingAnswer {
        let streaming = StreamingRequest(dialer)
        // What is sent slowly is not silence.
        if let upload { return try await streaming.send(request, upload: upload) }
        let answer = try await within(dialer.timeout + configuration.stallTimeout, clock) { [request] in try await streaming.send(request) }
        guard let answer else { throw TransportError("net/http: timeout awaiting response headers") }
        return answer
    }

    private func context(_ host: String) throws -> TLSClientContext {
        try contexts.withLock { contexts in
            if let known = contexts[host] { return known }
            let settings = configuration.registry(host)
            let trust: TLSClientContext.Trust =
                settings.skipVerify ? .anybody : settings.certificateAuthority.map { .authorities($0) } ?? .system
            var certificate: ClientCertificate?
            if let chain = settings.clientCertificate, let key = settings.clientKey {
                certificate = ClientCertificate(chain: chain, key: key)
            }
            let context = try TLSClientContext(trust: trust, clientCertificate: certificate)
            contexts[host] = context
            return context
        }
    }
}
