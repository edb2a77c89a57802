internal import APIMachinery
internal import APIServer
internal import HTTPClient
import Synchronization

/// Reaches node agents with this server's client certificate, and pods and services without.
final class BackendDialer: BackendConnector {
    private struct State {
        var credentials: Credentials
        /// Made when first needed.
        var contexts: [BackendRequest.Security: TLSClientContext] = [:]
    }
    private let state: Mutex<State>

    init(_ credentials: Credentials) { state = Mutex(State(credentials: credentials)) }

    /// Shows another certificate from now on, as after a renewal.
    func replace(_ credentials: Credentials) { state.withLock { $0 = State(credentials: credentials) } }

    func send(_ request: BackendRequest) async throws(BackendError) -> BackendAnswer {
        do throws(TransportError) {
            let dialer = Dialer(host: request.host, port: request.port, tls: try context(for: request.security))
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
            let own = state.credentials.kubeletClient
            let certificate = ClientCertificate(chain: Array(own.certificate.utf8), key: Array(own.privateKey.utf8))
            let authority = Array(state.credentials.authority.certificate.utf8)
            let context = try TLSClientContext(
                trust: security == .kubelet ? .authorities(authority) : .anybody,
                clientCertificate: security == .unverified ? nil : certificate)
            state.contexts[security] = context
            return context
        }
    }
}
