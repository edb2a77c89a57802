import APIMachinery
import HTTPClient
import HTTPServer
import KubernetesClient
import Synchronization
import TestSupport

/// An HTTPS server on the loopback whose answers a test scripts, with the certificates to talk to it.
struct SecureServer {
    let server: HTTPServer
    let certificates: TestCertificates
    let seen: Seen

    /// What arrived.
    final class Seen: Sendable {
        let requests = Mutex<[APIRequest]>([])
        let peers = Mutex<[Peer]>([])
        let streams = Mutex<[any ResponseStream]>([])
        let closedCount = Atomic(0)

        var requestCount: Int { requests.withLock { $0.count } }
    }

    typealias Answer = @Sendable (APIRequest, Seen) async -> APIResponse

    static func run(
        _ answer: @escaping Answer, _ body: (SecureServer) async throws -> Void,
        configured change: (inout HTTPServerConfiguration) -> Void = { _ in }
    ) async throws {
        let certificates = try await TestCertificates()
        do {
            let server = try await start(certificates, configured: change, Seen(), answer)
            do { try await body(server) } catch {
                await server.server.shutdown()
                throw error
            }
            await server.server.shutdown()
        } catch {
            await certificates.remove()
            throw error
        }
        await certificates.remove()
    }

    static func start(
        _ certificates: TestCertificates, configured change: (inout HTTPServerConfiguration) -> Void = { _ in }, _ seen: Seen,
        _ answer: @escaping Answer
    ) async throws -> SecureServer {
        let identity = TLSIdentity(
            certificateChain: try certificates.text("server.pem"), privateKey: try certificates.text("server.key"),
            clientAuthorities: try certificates.text("ca.pem"))
        var configuration = HTTPServerConfiguration(
            endpoints: [.init(host: "127.0.0.1", port: 0), .init(host: "127.0.0.2", port: 0)], tls: identity)
        configuration.timeouts.shutdown = .milliseconds(100)
        change(&configuration)
        let server = try await HTTPServer.start(configuration) { request, peer in
            seen.requests.withLock { $0.append(request) }
            seen.peers.withLock { $0.append(peer) }
            return await answer(request, seen)
        }
        return SecureServer(server: server, certificates: certificates, seen: seen)
    }

    /// - Parameters:
    ///   - authority: The file of the certificates that the client believes.
    ///   - identity: The client's certificate and key, without their endings.
    func transport(
        host: String = "127.0.0.1", authority: String = "ca.pem", identity: String? = nil, silenceMax: Duration = .seconds(90),
        token: @escaping @Sendable () -> String? = { nil }
    ) throws -> HTTPSTransport {
        let endpoint = server.endpoints.first { $0.host == host } ?? server.endpoints[0]
        let certificate = try identity.map {
            ClientCertificate(
                chain: Array(try certificates.text("\($0).pem").utf8), key: Array(try certificates.text("\($0).key").utf8))
        }
        let address = ServerAddress(
            host: host, port: endpoint.port, certificateAuthority: Array(try certificates.text(authority).utf8),
            clientCertificate: certificate)
        var policy = HTTPSTransport.Policy()
        policy.silenceMax = silenceMax
        return try HTTPSTransport(address, policy: policy, token: token)
    }

    func client(time: any TimeSource = MachineTime()) throws -> Client {
        Client(transport: try transport(), userAgent: "tests/1", time: time)
    }
}

extension APIResponse {
    static func json(_ value: JSONValue, status: Int = 200, headers: HTTPHeaders = [:]) -> APIResponse {
        APIResponse(status: status, headers: headers, body: .bytes(value.serialized(.compact)))
    }

    /// A stream that the test writes, once it has begun.
    static func stream(_ seen: SecureServer.Seen) -> APIResponse {
        APIResponse(
            status: 200,
            body: .stream { stream in
                stream.onClose { seen.closedCount.add(1, ordering: .sequentiallyConsistent) }
                seen.streams.withLock { $0.append(stream) }
            })
    }
}
