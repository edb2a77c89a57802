import APIMachinery
internal import HTTPClient
import Synchronization

/// What one caller does with one repository of one server: authenticates itself when it is asked to, and follows redirects.
struct RegistrySession: Sendable {
    let connector: RegistryConnector
    let tokens: TokenCache
    let endpoint: RegistryEndpoint
    /// `library/busybox`.
    let repository: String
    let credential: RegistryCredential?
    /// `pull` or `pull,push`.
    let actions: String

    /// A request for something of the repository: `manifests/latest`.
    func send(_ method: String, _ path: String, headers: HTTPHeaders = [:]) async throws(ImageError) -> RegistryAnswer {
        try await send(method, endpoint.url(repository, path), headers: headers)
    }

    /// - Throws: `.unavailable`, `.denied`; an answer that says no is an answer, but for those that ask for authentication.
    func send(
        _ method: String, _ url: HTTPURL, headers: HTTPHeaders = [:], body: [UInt8] = [],
        upload: (@Sendable () throws(ImageError) -> Upload)? = nil
    ) async throws(ImageError) -> RegistryAnswer {
        let known = tokens.header(for: key)
        let answer = try await follow(method, url, headers, known, body, try upload?())
        guard answer.status == 401, answer.url.hasSameOrigin(as: endpoint.base) else { return answer }
        answer.close()
        let header = try await authorize(AuthChallenge.parse(answer.headers.all("WWW-Authenticate")))
        return try await follow(method, url, headers, header, body, try upload?())
    }

    // MARK: Redirects

    private func follow(
        _ method: String, _ start: HTTPURL, _ headers: HTTPHeaders, _ authorization: String?, _ body: [UInt8], _ upload: Upload?
    ) async throws(ImageError) -> RegistryAnswer {
        var url = start
        for _ in 0...10 {
            var fields = headers
            // Nobody else gets to see it (as Go's and containerd's clients have it).
            let isRegistry = url.hasSameOrigin(as: endpoint.base)
            if isRegistry { fields["Authorization"] = authorization }
            let answer = try await connector.send(
                method, url, host: isRegistry ? endpoint.host : url.authority, headers: fields, body: body, upload: upload)
            guard ["GET", "HEAD"].contains(method), [301, 302, 303, 307, 308].contains(answer.status),
                let location = answer.headers["Location"]
            else { return answer }
            answer.close()
            guard let next = url.resolving(location) else {
                throw .refused("\(url.withoutQuery) redirects to \(quoted(location)), which is no URL")
            }
            guard next.isSecure || !url.isSecure else {
                throw .refused("\(url.withoutQuery) redirects to \(quoted("\(next.withoutQuery)")), which would be in plain text")
            }
            url = next
        }
        throw .refused("\(start.withoutQuery): stopped after 10 redirects")
    }

    // MARK: Authentication

    private var key: TokenCache.Key { .init(server: endpoint.base, repository: repository, actions: actions, credential: credential) }

    private func authorize(_ challenges: [AuthChallenge]) async throws(ImageError) -> String {
        if case .bearerToken(let token) = credential?.kind { return "Bearer \(token)" }
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) { return try await fetchToken(bearer) }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            let offered = challenges.map(\.scheme).joined(separator: ", ")
            throw .denied("the registry wants authentication by \(offered.isEmpty ? "nothing it names" : offered)")
        }
        guard case .password(let user, let password) = credential?.kind else {
            throw .denied(
                "\(actions == "pull" ? "pull" : "push") access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"
            )
        }
        guard endpoint.base.isSecure || endpoint.base.host.isLoopback || connector.configuration.registry(endpoint.host).plainHTTP == true
        else {
            throw .denied("the registry wants a password over plain HTTP")
        }
        let header = TokenRequest.basic(user: user, password)
        tokens.keep(header, for: key, lifetime: .seconds(3_600))
        return header
    }

    private func fetchToken(_ challenge: AuthChallenge) async throws(ImageError) -> String {
        let scopes =
            challenge.parameters["scope"].map { $0.split(separator: " ").map(String.init) } ?? ["repository:\(repository):\(actions)"]
        let request = try TokenRequest(challenge, scopes: scopes, credential, isPlainAllowed: !endpoint.base.isSecure)
        let kind = credential == nil ? "anonymous token" : "oauth token"
        do throws(ImageError) {
            let host = request.url.hasSameOrigin(as: endpoint.base) ? endpoint.host : request.url.authority
            let answer = try await connector.send(request.method, request.url, host: host, headers: request.headers, body: request.body)
            guard answer.isSuccess else { throw await tokenFailure(answer) }
            let token = try TokenAnswer(parsing: try await answer.collect(limit: 1 << 20))
            // Not to the last moment: a request takes its time.
            tokens.keep("Bearer \(token.token)", for: key, lifetime: token.lifetime * 0.9)
            return "Bearer \(token.token)"
        } catch { throw ImageError(error.code, "failed to authorize: failed to fetch \(kind)", cause: error) }
    }

    private func tokenFailure(_ answer: RegistryAnswer) async -> ImageError {
        let body = (try? await answer.collect(limit: 64 << 10)) ?? []
        let message = RegistryAnswer.serverMessage(body).map { " - Server message: \($0)" } ?? ""
        let text = "unexpected status from \(answer.method) request to \(answer.url.withoutQuery): \(answer.status)\(message)"
        return answer.status >= 500 || answer.status == 429 ? .unavailable(text) : .denied(text)
    }
}

/// What was shown to registries with success, as long as it holds.
final class TokenCache: Sendable {
    struct Key: Hashable, Sendable {
        var server: HTTPURL
        var repository: String
        var actions: String
        var credential: RegistryCredential?
    }
    private struct Entry {
        var header: String
        var end: Duration
    }
    private let clock: any TimeSource
    private let entries = Mutex<[Key: Entry]>([:])

    init(_ clock: any TimeSource) { self.clock = clock }

    /// The `Authorization` field to begin with.
    func header(for key: Key) -> String? {
        if case .bearerToken(let token) = key.credential?.kind { return "Bearer \(token)" }
        let now = clock.now
        return entries.withLock { $0[key].flatMap { $0.end > now ? $0.header : nil } }
    }

    func keep(_ header: String, for key: Key, lifetime: Duration) {
        let now = clock.now
        entries.withLock { entries in
            entries = entries.filter { $0.value.end > now }
            entries[key] = Entry(header: header, end: now + lifetime)
        }
    }
}
