import APIMachinery
@testable import APIServer
@testable import ControlPlane
import Crypto
import Storage
import Synchronization
import Testing

/// A clock that tests set.
final class TestClock: Sendable {
    private let time = Mutex(Timestamp(seconds: 1_800_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
}

@Suite struct TokenTests {
    let storage = MemoryStorage()
    let clock = TestClock()
    let tokens: ServiceAccountTokens
    let requests: TokenRequests

    init() async throws {
        let clock = clock
        tokens = try ServiceAccountTokens(
            issuer: "https://issuer", key: P256.Signing.PrivateKey().pemRepresentation, storage: storage, now: { clock.now })
        requests = TokenRequests(storage: storage, issuer: tokens, now: { clock.now })
        try await put("serviceaccounts/a/robot", ["metadata": ["name": "robot", "uid": "u1"]])
        try await put(
            "pods/a/web", ["metadata": ["name": "web", "uid": "p1"], "spec": ["serviceAccountName": "robot", "nodeName": "n1"]])
        try await put("nodes/n1", ["metadata": ["name": "n1", "uid": "n1-uid"]])
    }

    func put(_ path: String, _ json: JSONValue) async throws {
        _ = try await storage.put("/registry/core/\(path)", json.serialized(), if: .any, expiresAfter: nil)
    }

    func issue(_ spec: JSONValue = .object(JSONObject())) async throws -> JSONValue {
        var object = JSONObject()
        object["spec"] = spec
        return .object(try await requests.create(object, namespace: "a", serviceAccount: "robot"))
    }

    @Test func `a token names its service account, for as long as it lasts`() async throws {
        let answer = try await issue()
        let token = try #require(answer["status"]?["token"]?.stringValue)
        #expect(answer["spec"]?["expirationSeconds"]?.integerValue == 3600)
        #expect(answer["spec"]?["audiences"]?.arrayValue == ["https://issuer"])
        let found = try #require(try await tokens.authenticate(token: token, audiences: []))
        #expect(found.user.name == "system:serviceaccount:a:robot")
        #expect(found.user.uid == "u1")
        #expect(found.user.groups == ["system:serviceaccounts", "system:serviceaccounts:a"])
        #expect(found.audiences == ["https://issuer"])
        clock.advance(.seconds(3599))
        #expect(try await tokens.authenticate(token: token, audiences: []) != nil)
        clock.advance(.seconds(1))
        await #expect(throws: TokenError("token has expired")) { try await tokens.authenticate(token: token, audiences: []) }
    }

    @Test func `a token that was changed anywhere is refused`() async throws {
        let token = try #require(try await issue()["status"]?["token"]?.stringValue)
        let bytes = Array(token.utf8)
        for index in stride(from: 0, to: bytes.count - 1, by: 7) where bytes[index] != UInt8(ascii: ".") {
            var changed = bytes
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let text = String(decoding: changed, as: UTF8.self)
            let found = try? await tokens.authenticate(token: text, audiences: [])
            #expect(found == .some(nil) || found == nil, "changed at \(index)")
        }
        for text in ["", ".", "..", "a.b.c", "...", String(repeating: "x", count: 100_000), token + "A", token.replacing("ey", with: "yy")]
        {
            #expect((try? await tokens.authenticate(token: text, audiences: [])) ?? nil == nil)
        }
    }

    @Test func `an unsigned token is refused, whatever it says of its algorithm`() async throws {
        let parts = try #require(try await issue()["status"]?["token"]?.stringValue).split(separator: ".")
        for header in ["{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{}"] {
            let forged = "\(Base64URL.encode(Array(header.utf8))).\(parts[1])."
            await #expect(throws: TokenError.self) { try await tokens.authenticate(token: forged, audiences: []) }
        }
    }

    @Test func `a token of another key is refused, one of another issuer is another's affair`() async throws {
        let other = try ServiceAccountTokens(issuer: "https://issuer", key: P256.Signing.PrivateKey().pemRepresentation, storage: storage)
        let stranger = try ServiceAccountTokens(
            issuer: "https://stranger", key: P256.Signing.PrivateKey().pemRepresentation, storage: storage)
        let claims = ServiceAccountClaims(
            namespace: "a", serviceAccount: .init(name: "robot", uid: "u1"), audiences: ["https://issuer"], issuedAt: clock.now,
            expiresAt: clock.now + .seconds(600), id: "j")
        let forged = try await other.issue(claims)
        await #expect(throws: TokenError("invalid bearer token")) { try await tokens.authenticate(token: forged, audiences: []) }
        #expect(try await tokens.authenticate(token: try await stranger.issue(claims), audiences: []) == nil)
    }

    @Test func `a token is for its audiences alone`() async throws {
        let token = try #require(try await issue(["audiences": ["vault", "db"]])["status"]?["token"]?.stringValue)
        #expect(try await tokens.authenticate(token: token, audiences: ["db", "x"])?.audiences == ["db"])
        await #expect(throws: TokenError.self) { try await tokens.authenticate(token: token, audiences: []) }
    }

    @Test func `a token ends with its service account, also when another takes the name`() async throws {
        let token = try #require(try await issue()["status"]?["token"]?.stringValue)
        #expect(try await tokens.authenticate(token: token, audiences: []) != nil)
        try await put("serviceaccounts/a/robot", ["metadata": ["name": "robot", "uid": "u2"]])
        clock.advance(.seconds(11))
        await #expect(throws: TokenError.self) { try await tokens.authenticate(token: token, audiences: []) }
        _ = try await storage.delete("/registry/core/serviceaccounts/a/robot", if: .present)
        clock.advance(.seconds(11))
        await #expect(throws: TokenError.self) { try await tokens.authenticate(token: token, audiences: []) }
    }

    @Test func `a pod's token names pod and node, ends with the pod, and lasts longer than asked for`() async throws {
        let answer = try await issue([
            "expirationSeconds": 3607, "boundObjectRef": ["apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "p1"],
        ])
        let token = try #require(answer["status"]?["token"]?.stringValue)
        let user = try #require(try await tokens.authenticate(token: token, audiences: [])?.user)
        #expect(user.extra["authentication.kubernetes.io/pod-name"] == ["web"])
        #expect(user.extra["authentication.kubernetes.io/node-uid"] == ["n1-uid"])
        clock.advance(.seconds(4000))
        #expect(try await tokens.authenticate(token: token, audiences: []) != nil)
        _ = try await storage.delete("/registry/core/pods/a/web", if: .present)
        clock.advance(.seconds(11))
        await #expect(throws: TokenError.self) { try await tokens.authenticate(token: token, audiences: []) }
    }

    @Test(
        arguments: [
            (["expirationSeconds": 599], 422), (["expirationSeconds": 4_294_967_297], 422),
            (["boundObjectRef": ["apiVersion": "v1", "kind": "Pod", "name": "nope"]], 404),
            (["boundObjectRef": ["apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "other"]], 409),
            (["boundObjectRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"]], 400),
        ] as [(JSONValue, Int32)])
    func `a request that asks for the impossible is refused`(spec: JSONValue, code: Int32) async throws {
        let error = await #expect(throws: Status.self) { try await issue(spec) }
        #expect(error?.code == code)
    }

    @Test(arguments: [("tok1", "ann", ["dev", "ops"]), ("tok2", "bob", [])] as [(String, String, [String])])
    func `tokens of a file name users and groups`(token: String, name: String, groups: [String]) async throws {
        let file = try StaticTokens(csv: "tok1,ann,1,\"dev,ops\"\n\ntok2,bob,2\n")
        let found = try await file.authenticate(token: token, audiences: [])
        #expect(found?.user.name == name)
        #expect(found?.user.groups == groups)
        #expect(try await file.authenticate(token: token + "x", audiences: []) == nil)
        #expect(throws: TokenError.self) { try StaticTokens(csv: "only-a-token\n") }
    }

    @Test func `a bootstrap token holds until it ends, for those uses that it names`() async throws {
        let clock = clock
        let tokens = BootstrapTokens(storage: storage) { clock.now }
        func secret(_ changes: [String: String] = [:]) async throws {
            var data = [
                "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true",
                "auth-extra-groups": "system:bootstrappers:nodes", "expiration": (clock.now + .seconds(60)).description,
            ]
            data.merge(changes) { $1 }
            let members = data.map { JSONObject.Member(key: $0.key, value: .string(Base64Data(Array($0.value.utf8)).base64)) }
            try await put(
                "secrets/kube-system/bootstrap-token-abcdef",
                ["metadata": ["name": "x"], "type": "bootstrap.kubernetes.io/token", "data": .object(JSONObject(members: members))])
        }
        let token = "abcdef.0123456789abcdef"
        try await secret()
        let found = try await tokens.authenticate(token: token, audiences: [])
        #expect(found?.user == UserInfo(name: "system:bootstrap:abcdef", groups: ["system:bootstrappers", "system:bootstrappers:nodes"]))
        #expect(try await tokens.authenticate(token: "abcdef.0123456789abcdee", audiences: []) == nil)
        for change in [["usage-bootstrap-authentication": "false"], ["auth-extra-groups": "system:masters"], ["expiration": "soon"]] {
            try await secret(change)
            #expect(try await tokens.authenticate(token: token, audiences: []) == nil)
        }
        try await secret()
        clock.advance(.seconds(61))
        #expect(try await tokens.authenticate(token: token, audiences: []) == nil)
    }
}
