package import APIMachinery
internal import Crypto

/// The opening of a WebSocket (RFC 6455, 4.2).
package struct WebSocketHandshake: Sendable {
    /// What the client sent to be answered.
    private let key: String
    /// The subprotocols that it offers, in its order.
    package let protocols: [String]

    private static let magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// - Returns: nil for a request that does not ask for a WebSocket.
    package init?(_ request: APIRequest) {
        guard request.method == "GET", request.headers.all("Upgrade").contains(where: { $0.lowercased() == "websocket" }),
            request.headers.all("Connection").contains(where: { $0.lowercased().contains("upgrade") }),
            let key = request.headers["Sec-WebSocket-Key"], !key.isEmpty
        else { return nil }
        self.key = key
        protocols = request.headers.all("Sec-WebSocket-Protocol").flatMap { $0.split(separator: ",") }
            .map { String($0.filter { $0 != " " }) }.filter { !$0.hasPrefix("base64url.bearer.authorization.k8s.io.") }
    }

    /// Of those that the server knows, in its order of preference, the first that is offered; an empty one when none is offered.
    ///
    /// - Returns: nil when they have none in common.
    package func chosen(of known: [String]) -> String? {
        if protocols.isEmpty { return known.contains("") ? "" : nil }
        return known.first { protocols.contains($0) }
    }

    package func accepted(_ chosen: String, _ body: @escaping @Sendable (any RawConnection) -> Void) -> APIResponse {
        let digest = Insecure.SHA1.hash(data: Array((key + Self.magic).utf8))
        var headers: HTTPHeaders = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": Base64Data(Array(digest)).base64,
        ]
        if !chosen.isEmpty { headers.append("Sec-WebSocket-Protocol", chosen) }
        return APIResponse(status: 101, headers: headers, body: .upgrade(body))
    }
}
