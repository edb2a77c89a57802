internal import APIMachinery
internal import APIServer
internal import HTTPClient
import Synchronization

/// Reaches node agents and extension API servers with client certificates, pods and services without; a node agent of this process directly.
final class BackendDialer: BackendConnector {
    private struct State {
        var credentials: Credentials
        var local: LocalAgent?
        /// Made when first needed.
        var contexts: [BackendRequest.Security: TLSClientContext] = [:]
    }
    private let state: Mutex<State>

    init(_ credentials: Credentials) { state = Mutex(State(credentials: credentials)) }

    /// Shows another certificate from now on, as after a renewal.
    func replace(_ credentials: Credentials) {
        state.withLock {
            $0.credentials = credentials
            $0.contexts = [:]
        }
    }

    /// From now on requests to this agent need no socket.
    func attach(_ agent: LocalAgent) { state.withLock { $0.local = agent } }

    func send(_ request: BackendRequest) async throws(BackendError) -> BackendAnswer {
        if let local = state.withLock({ $0.local }), local.isMeant(by: request) {
            let answer = await local.answer(request.request)
            return BackendAnswer(status: answer.status, headers: answer.headers, connection: answer.connect())
        }
        do throws(TransportError) {
            var dialer = Dialer(host: request.host, port: request.port, tls: try context(for: request.security))
            if case .extensionServer(let trust) = request.security { dialer.serverName = trust.serverName }
            let answer = try await StreamingRequest(dialer).send(request.request)
            return BackendAnswer(status: answer.status, headers: answer.headers, connection: answer.connection)
        } catch {
            throw BackendError("\(error)")
        }
    }

    private func context(for security: BackendRequest.Security) throws(TransportError) -> TLSClientContext? {
        guard security != .plainText else { return nil }
        return try state.withLock { state throws(TransportError) in
            if let known = state.contexts[security] { return known }
            let context = try TLSClientContext(
                trust: state.credentials.trust(for: security),
                clientCertificate: state.credentials.shown(for: security).map {
                    ClientCertificate(chain: Array($0.certificate.utf8), key: Array($0.privateKey.utf8))
                })
            // Extension servers come and go with their authorities.
            if state.contexts.count >= Self.contextsMax { state.contexts = [:] }
            state.contexts[security] = context
            return context
        }
    }

    private static let contextsMax = 64
}

extension Credentials {
    fileprivate func trust(for security: BackendRequest.Security) -> TLSClientContext.Trust {
        switch security {
        case .kubelet: return .authorities(Array(authority.certificate.utf8))
        case .extensionServer(let trust):
            guard let authority = trust.certificateAuthority else { return .anybody }
            return authority.isEmpty ? .system : .authorities(authority)
        case .plainText, .unverified, .unverifiedKubelet: return .anybody
        }
    }

    fileprivate func shown(for security: BackendRequest.Security) -> KeyPair? {
        switch security {
        case .kubelet, .unverifiedKubelet: kubeletClient
        case .extensionServer: frontProxyClient
        case .plainText, .unverified: nil
        }
    }
}
