import APIMachinery
import Crypto
import Storage
import TestSupport
import Testing

@testable import APIServer
@testable import ControlPlane

@Suite struct TokenFuzzTests {
    /// Only what was issued is believed: whatever else comes is refused, and nothing traps.
    @Test func `no changed token is believed`() async throws {
        let storage = MemoryStorage()
        let account: JSONValue = ["metadata": ["name": "robot", "uid": "u1"]]
        _ = try await storage.put("/registry/core/serviceaccounts/a/robot", account.serialized(), if: .any, expiresAfter: nil)
        let tokens = try ServiceAccountTokens(
            issuer: "https://issuer", key: P256.Signing.PrivateKey().pemRepresentation, storage: storage)
        let requests = TokenRequests(storage: storage, issuer: tokens, now: { .now() })
        let answer = try await requests.create(["spec": [:]], namespace: "a", serviceAccount: "robot")
        let token = try #require(answer["status"]?["token"]?.stringValue)
        #expect(try await tokens.authenticate(token: token, audiences: []) != nil)

        let header = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8))
        let inputs = [token, "\(header).\(token.split(separator: ".")[1]).", "a.b.c", token.lowercased()].map { Array($0.utf8) }
        var random = Mutator(seed: 2)
        for _ in 0..<4_000 {
            let text = String(decoding: random.changed(inputs), as: UTF8.self)
            let found = (try? await tokens.authenticate(token: text, audiences: [])) ?? nil
            // Base64 in JSON Web Tokens has unused bits at the end of its parts; they are all that may differ.
            #expect(found == nil || Self.decoded(text) == Self.decoded(token), "\(text)")
        }
    }

    private static func decoded(_ token: String) -> [[UInt8]?] {
        token.split(separator: ".", omittingEmptySubsequences: false).map { Base64URL.decode($0) }
    }
}
