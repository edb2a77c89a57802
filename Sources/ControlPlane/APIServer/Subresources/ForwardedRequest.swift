internal import APIMachinery

/// Which header fields of a request go on to a backend, and which of an answer to the client (RFC 9110, 7.6.1; Go's httputil.ReverseProxy).
enum ForwardedRequest {
    private static let hopByHop: Set<String> = [
        "connection", "proxy-connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "content-length",
    ]
    /// Who the client is to this server is nobody else's business.
    private static let credentials: Set<String> = ["authorization", "x-remote-user", "x-remote-group", "x-remote-uid"]
    private static let credentialPrefixes = ["impersonate-", "x-remote-extra-"]
    private static let crossOrigin: Set<String> = [
        "access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin",
        "access-control-expose-headers", "access-control-max-age",
    ]

    /// For a request that stays HTTP.
    static func ordinary(_ request: APIRequest, from caller: Caller) -> APIRequest {
        var request = request
        let named = names(inConnectionOf: request.headers)
        request.headers = filtered(request.headers) { !hopByHop.contains($0) && !named.contains($0) && !isCredential($0) }
        // What comes back may have to be rewritten, and is compressed for the client by whoever writes to it.
        request.headers["Accept-Encoding"] = nil
        addForwardedFor(&request, caller)
        return request
    }

    /// For one that asks to leave HTTP: that is between client and backend.
    static func upgrading(_ request: APIRequest, from caller: Caller) -> APIRequest {
        var request = request
        request.headers = filtered(request.headers) { $0 != "content-length" && $0 != "transfer-encoding" && !isCredential($0) }
        addForwardedFor(&request, caller)
        return request
    }

    /// The fields of an answer that are for the client.
    static func endToEnd(_ headers: HTTPHeaders) -> HTTPHeaders {
        let named = names(inConnectionOf: headers)
        return filtered(headers) { !hopByHop.contains($0) && !named.contains($0) && !crossOrigin.contains($0) }
    }

    private static func filtered(_ headers: HTTPHeaders, _ isKept: (String) -> Bool) -> HTTPHeaders {
        var kept = HTTPHeaders()
        for field in headers.fields where isKept(field.name.lowercased()) { kept.append(field.name, field.value) }
        return kept
    }

    private static func isCredential(_ name: String) -> Bool {
        credentials.contains(name) || credentialPrefixes.contains { name.hasPrefix($0) }
    }

    /// Fields that a sender names as meant for the next hop only.
    private static func names(inConnectionOf headers: HTTPHeaders) -> Set<String> {
        Set(
            headers.all("Connection").flatMap { $0.split(separator: ",") }
                .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() })
    }

    private static func addForwardedFor(_ request: inout APIRequest, _ caller: Caller) {
        guard !caller.remoteAddress.isEmpty else { return }
        let before = request.headers.all("X-Forwarded-For")
        request.headers["X-Forwarded-For"] = (before + [caller.remoteAddress]).joined(separator: ", ")
    }
}

extension APIRequest {
    /// Any `Connection` field that names Upgrade.
    var asksForUpgrade: Bool { headers.all("Connection").contains { $0.lowercased().contains("upgrade") } }
}
