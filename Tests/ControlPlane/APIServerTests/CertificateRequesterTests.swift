import APIMachinery
import APIServer
import Testing

struct CertificateRequesterTests {
    @Test func `a certificate request says who made it, whatever is written in it`() async throws {
        let test = try await TestServer(admission: [CertificateRequester()])
        var request = APIRequest(target: "/apis/certificates.k8s.io/v1/certificatesigningrequests")
        request.method = "POST"
        let body: JSONValue = [
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": "c"],
            "spec": [
                "request": "bm9uZQ==", "signerName": "example.com/s", "usages": ["client auth"], "username": "admin",
                "groups": ["system:masters"], "uid": "1", "extra": ["a": ["b"]],
            ],
        ]
        request.body = body.serialized()
        let caller = Caller(user: UserInfo(name: "jane", groups: ["people"], extra: ["key": ["value"]]))
        let answer = await test.server.handle(request, from: caller)
        #expect(answer.status == 201, "\(answer.text)")
        let spec = try answer.json["spec"]
        #expect(spec?["username"] == "jane" && spec?["groups"] == ["people"] && spec?["extra"] == ["key": ["value"]])
        #expect(spec?["uid"] == nil)
    }
}
