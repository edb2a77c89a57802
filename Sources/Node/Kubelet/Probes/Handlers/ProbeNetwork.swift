/// How probes and hooks reach containers: by sockets, or in a simulation by a script.
package protocol ProbeNetwork: Sendable {
    /// Asks one question on a connection of its own.
    func ask(_ question: ProbeQuestion, host: String, port: UInt16, within timeout: Duration) async -> Result<
        ProbeAnswer, ProbeSocketFailure
    >
}

package enum ProbeQuestion: Sendable, Hashable {
    /// Is the port open?
    case connect
    case get(ProbeHTTPRequest, userAgent: String)
    /// Of the gRPC health checking protocol.
    case health(service: String, userAgent: String)
}

/// Asks by sockets: plain text on the probes' own thread, TLS with the client's.
package struct SocketProbeNetwork: ProbeNetwork {
    private let lookupExecutor: (any TaskExecutor)?

    /// - Parameter lookupExecutor: Where names are looked up, which blocks.
    package init(lookupExecutor: (any TaskExecutor)? = BlockingExecutor.shared) { self.lookupExecutor = lookupExecutor }

    package func ask(
        _ question: ProbeQuestion, host: String, port: UInt16, within timeout: Duration
    ) async -> Result<ProbeAnswer, ProbeSocketFailure> {
        if case .get(let request, let userAgent) = question, request.scheme == "https" {
            return await SecureRequest(request: request, userAgent: userAgent).send(within: timeout)
        }
        guard let address = await address(host, port) else {
            return .failure(ProbeSocketFailure(stage: .connecting, text: "dial tcp: lookup \(host): no such host"))
        }
        return await ProbeSockets.shared.converse(Self.conversation(question, address), with: address, within: timeout)
    }

    private static func conversation(_ question: ProbeQuestion, _ address: SocketAddress) -> any ProbeConversation {
        switch question {
        case .connect: ConnectOnly()
        case .get(let request, let userAgent): HTTPConversation(request, userAgent: userAgent)
        case .health(let service, let userAgent):
            GRPCHealthConversation(authority: address.text, service: service, userAgent: userAgent)
        }
    }

    private func address(_ host: String, _ port: UInt16) async -> SocketAddress? {
        if let address = SocketAddress(ip: host, port: port) { return address }
        return await withTaskExecutorPreference(lookupExecutor) { SocketAddress.look(up: host, port: port) }
    }
}
