/// A GET request with the redirects that stay on its host.
struct HTTPProbe: Sendable {
    static let maxRedirects = 10

    let request: ProbeHTTPRequest
    let userAgent: String
    let network: any ProbeNetwork

    enum Answer: Sendable { case answer(ProbeHTTPAnswer), failure(String), unreadable(String) }

    func outcome(within timeout: Duration, now: () -> Duration) async -> ProbeOutcome {
        switch await send(within: timeout, now: now) {
        case .failure(let text): .failure(text)
        case .unreadable(let text): .error(text)
        case .answer(let answer): Self.outcome(answer)
        }
    }

    static func outcome(_ answer: ProbeHTTPAnswer) -> ProbeOutcome {
        switch answer.status {
        case 200..<300: .success
        case 300..<400: .warning("Probe terminated redirects, Response body: \(String(decoding: answer.body, as: UTF8.self))")
        default: .failure("HTTP probe failed with statuscode: \(answer.status)")
        }
    }

    /// - Parameter timeout: For all of it.
    func send(within timeout: Duration, now: () -> Duration) async -> Answer {
        let deadline = now() + timeout
        var request = request
        for _ in 0..<Self.maxRedirects {
            let prefix = "Get \"\(request.url)\": "
            if let problem = request.problem { return .failure(prefix + problem) }
            let question = ProbeQuestion.get(request, userAgent: userAgent)
            let reply = await network.ask(question, host: request.host, port: request.port, within: max(.zero, deadline - now()))
            switch reply {
            case .failure(let failure) where failure.stage == .reading && failure.isTimeout:
                return .unreadable("\(failure.text) (Client.Timeout or context cancellation while reading body)")
            case .failure(let failure):
                return .failure(prefix + failure.text + (failure.isTimeout ? " (Client.Timeout exceeded while awaiting headers)" : ""))
            case .success(.http(let answer)):
                guard Self.isRedirect(answer.status) else { return .answer(answer) }
                guard let location = answer.location else {
                    return .failure("\(prefix)\(answer.status) response missing Location header")
                }
                guard let next = request.redirected(to: location) else {
                    return .failure("\(prefix)failed to parse Location header \(GoQuote.text(location))")
                }
                if next.host != self.request.host { return .answer(answer) }
                request = next
            case .success(.malformed(let text)): return .failure(prefix + text)
            case .success: return .failure(prefix + "no HTTP answer")
            }
        }
        return .failure("Get \"\(request.target)\": stopped after \(Self.maxRedirects) redirects")
    }

    private static func isRedirect(_ status: Int) -> Bool { [301, 302, 303, 307, 308].contains(status) }
}

extension ProbeHTTPRequest {
    /// - Parameter location: A URL, `//host/path`, a path, or one relative to this request's.
    /// - Returns: nil: it makes no sense.
    func redirected(to location: String) -> ProbeHTTPRequest? {
        let withoutFragment = String(location.prefix { $0 != "#" })
        for scheme in ["http", "https"] where withoutFragment.lowercased().hasPrefix(scheme + "://") {
            return absolute(scheme, withoutFragment.dropFirst(scheme.count + 3))
        }
        if withoutFragment.hasPrefix("//") { return absolute(scheme, withoutFragment.dropFirst(2)) }
        if withoutFragment.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") { return nil }  // another scheme
        var next = self
        let path = target.prefix { $0 != "?" }
        if withoutFragment.hasPrefix("/") {
            next = ProbeHTTPRequest(scheme: scheme, host: host, port: port, path: withoutFragment, fields: fields)
        } else if !withoutFragment.isEmpty {
            let base = withoutFragment.hasPrefix("?") ? path : path[...(path.lastIndex(of: "/") ?? path.startIndex)]
            next = ProbeHTTPRequest(scheme: scheme, host: host, port: port, path: base + withoutFragment, fields: fields)
        }
        return next
    }

    private func absolute(_ scheme: String, _ rest: Substring) -> ProbeHTTPRequest? {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        var (host, portText) = (place, Substring(""))
        if place.hasPrefix("["), let close = place.firstIndex(of: "]") {
            host = place[place.index(after: place.startIndex)..<close]
            portText = place[place.index(after: close)...].drop { $0 == ":" }
        } else if let colon = place.lastIndex(of: ":") {
            host = place[..<colon]
            portText = place[place.index(after: colon)...]
        }
        guard !host.isEmpty, let port = portText.isEmpty ? (scheme == "https" ? 443 : 80) : UInt16(portText) else { return nil }
        // The pod's own Host field was for the first request.
        return ProbeHTTPRequest(
            scheme: scheme, host: String(host), port: port, path: String(target), fields: fields.filter { $0.name != "Host" })
    }
}
