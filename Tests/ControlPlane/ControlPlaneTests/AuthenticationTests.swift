import APIMachinery
@testable import APIServer
@testable import ControlPlane
import HTTPServer
import TestSupport
import Testing
import X509

@Suite struct AuthenticationTests {
    private let clock = TestClock()
    private let authority: CertificateAuthority
    private let authenticator: RequestAuthenticator

    init() throws {
        let clock = clock
        authority = try CertificateAuthority(commonName: "kubernetes", now: clock.now)
        authenticator = RequestAuthenticator(tokens: try StaticTokens(csv: "sesame,ann,1"), now: { clock.now })
    }

    private func peer(_ name: String, lifetime: Duration) throws -> Peer {
        let pair = try authority.issue(.init(commonName: name, organizations: ["dev"], usage: .client, lifetime: lifetime), now: clock.now)
        return Peer(address: "192.0.2.1:1", certificate: try Certificate(pemEncoded: pair.certificate).derBytes)
    }

    @Test func `a connection outlives its certificate, but not the rights that it gave`() async throws {
        let jane = try peer("jane", lifetime: .seconds(60))
        let request = APIRequest(path: "/")
        #expect(try await authenticator.authenticate(request, from: jane).groups == ["dev", "system:authenticated"])
        clock.advance(.seconds(61))
        let error = await #expect(throws: Status.self) { _ = try await authenticator.authenticate(request, from: jane) }
        #expect(error?.code == 401)
        let withToken = APIRequest(path: "/", headers: ["Authorization": "Bearer sesame"])
        #expect(try await authenticator.authenticate(withToken, from: jane).name == "ann")
    }

    @Test func `a certificate without a name is nobody's`() async throws {
        let nobody = try peer("", lifetime: .seconds(60))
        #expect(try await authenticator.authenticate(APIRequest(path: "/"), from: nobody).name == "system:anonymous")
    }

    /// The field's value, and who it is; nil for a refusal.
    @Test(
        arguments: [
            ("Bearer sesame", "ann"), ("bearer sesame", "ann"), ("Bearer  sesame", nil), ("Bearer sesame ", nil), ("Bearer sesam", nil),
            ("Bearer sesame2", nil), ("Bearer", "system:anonymous"), ("Basic sesame", "system:anonymous"), ("", "system:anonymous"),
        ] as [(String, String?)])
    func `a token is believed only as it is`(value: String, name: String?) async throws {
        let request = APIRequest(path: "/", headers: ["Authorization": value])
        let peer = Peer(address: "192.0.2.1:1")
        let user = try? await authenticator.authenticate(request, from: peer)
        #expect(user?.name == name)
    }
}

@Suite struct MetricsTests {
    @Test func `what clients make up does not fill the memory, nor hide what comes later`() {
        let metrics = RequestMetrics()
        func count(_ request: APIRequest) {
            let info = RequestInfo(request)
            metrics.began(info)
            metrics.ended(info, status: 200, seconds: 0.01)
        }
        for number in 0..<3000 { count(APIRequest(method: "M\(number)", path: "/healthz")) }
        count(APIRequest(path: "/api/v1/pods"))
        #expect(
            metrics.text.contains(
                "apiserver_request_total{code=\"200\",group=\"\",resource=\"\",subresource=\"\",verb=\"OTHER\",version=\"\"} 3000\n"))
        #expect(metrics.text.contains("resource=\"pods\""))
        for number in 0..<3000 { count(APIRequest(path: "/apis/group\(number)/v1/things")) }
        #expect(metrics.text.split(separator: "\n").count { $0.hasPrefix("apiserver_request_total") } <= 2_001)
        #expect(metrics.text.contains("verb=\"OTHER\",version=\"\"} 4"))
    }
}

@Suite struct SecretFileTests {
    @Test func `a failure leaves nothing behind`() async throws {
        let folder = "/tmp/swiftlet-secret-\(UInt64.random(in: 0..<UInt64.max))"
        try SecretFile.makeDirectory("\(folder)/taken/inner")
        #expect(throws: SecretFile.Failure.self) { try SecretFile.write("x", to: "\(folder)/taken") }
        #expect(try await lines("ls -A \(folder)") == ["taken"])
        try SecretFile.write("x", to: "\(folder)/new")
        #expect(try SecretFile.read("\(folder)/new") == "x")
        #expect(try await lines("stat -c %a \(folder)/new \(folder)") == ["600", "700"])
        _ = try await lines("rm -r \(folder)")
    }

    private func lines(_ command: String) async throws -> [Substring] { try await TestSupport.shell(command).output.split(separator: "\n") }
}
