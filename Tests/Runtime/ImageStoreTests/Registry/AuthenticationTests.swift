import APIMachinery
import Testing

@testable import ImageStore

@Suite struct ChallengeTests {
    @Test(arguments: [
        (
            [#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/busybox:pull,push""#],
            [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.docker.io/token", "service": "registry.docker.io",
                        "scope": "repository:library/busybox:pull,push",
                    ])
            ]
        ),
        ([#"Basic realm="Registry Realm""#], [AuthChallenge(scheme: "basic", parameters: ["realm": "Registry Realm"])]),
        (
            [#"Basic realm=x, Bearer Realm = "y\"z" , error=insufficient_scope"#],
            [
                AuthChallenge(scheme: "basic", parameters: ["realm": "x"]),
                AuthChallenge(scheme: "bearer", parameters: ["realm": "y\"z", "error": "insufficient_scope"]),
            ]
        ),
        (
            ["Negotiate", "Basic realm=\"a"],
            [AuthChallenge(scheme: "negotiate"), AuthChallenge(scheme: "basic", parameters: ["realm": "a"])]
        ),
        (["", "=,=\"\"", ",,,"], []),
    ])
    func `challenges are read`(fields: [String], expected: [AuthChallenge]) { #expect(AuthChallenge.parse(fields) == expected) }

    @Test func `a token request asks what the challenge asks for`() throws {
        let challenge = AuthChallenge(scheme: "bearer", parameters: ["realm": "https://auth.example.com/token?x=1", "service": "s p"])
        let anonymous = try TokenRequest(challenge, scopes: ["repository:a/b:pull"], nil, isPlainAllowed: false)
        #expect("\(anonymous.url)" == "https://auth.example.com/token?x=1&service=s%20p&scope=repository:a%2Fb:pull")
        #expect(anonymous.headers["Authorization"] == nil)
        let user = try TokenRequest(challenge, scopes: [], .password(user: "u", "p"), isPlainAllowed: false)
        #expect(user.headers["Authorization"] == "Basic dTpw")
        let refresh = try TokenRequest(challenge, scopes: ["x"], .identityToken("t"), isPlainAllowed: false)
        #expect(refresh.method == "POST")
        #expect(
            String(decoding: refresh.body, as: UTF8.self)
                == "service=s%20p&grant_type=refresh_token&refresh_token=t&client_id=swiftlet&scope=x")
    }

    @Test func `a password is not sent in plain text to another server`() throws {
        let challenge = AuthChallenge(scheme: "bearer", parameters: ["realm": "http://auth.example.com/token"])
        #expect(throws: ImageError.self) { try TokenRequest(challenge, scopes: [], .password(user: "u", "p"), isPlainAllowed: false) }
        #expect(throws: Never.self) { try TokenRequest(challenge, scopes: [], nil, isPlainAllowed: false) }
    }

    @Test func `a credential is never printed`() {
        let credential = RegistryCredential.password(user: "mary", "secret")
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), "\([credential])", dumped] {
            #expect(!text.contains("secret") && !text.contains("mary"))
        }
    }
}

@Suite(.enabled(if: isRoot)) struct AuthenticationTests {
    private static let user = RegistryCredential.password(user: "mary", "secret")
    private static let basic = "Basic bWFyeTpzZWNyZXQ="

    private func makeContent() throws -> (RegistryContent, ImageBuilder) {
        var content = RegistryContent()
        let builder = try RegistryContent.image(fileBytes: 1000)
        try content.add(builder, tag: "1")
        return (content, builder)
    }

    @Test func `a registry with tokens is asked for one, once`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let (content, builder) = try makeContent()
        let tokens = try ScriptedRegistry { request in
            request.headers["Authorization"] == Self.basic
                ? .init(Array(#"{"access_token":"abc","expires_in":300}"#.utf8)) : .init(status: 401)
        }
        let registry = try ScriptedRegistry { request in
            guard request.headers["Authorization"] == "Bearer abc" else {
                let realm = "Bearer realm=\"http://\(tokens.authority)/token\",service=\"r\",scope=\"repository:app:pull\""
                return .init(status: 401, headers: [("WWW-Authenticate", realm)])
            }
            return content.answer(request)
        }
        let client = try RegistryClient.forTest(store)
        let name = try ImageReference("\(registry.authority)/app:1")
        #expect(try await client.pull(name, credential: Self.user).image.id == builder.id)
        #expect(tokens.requests.map(\.target) == ["/token?service=r&scope=repository:app:pull&account=mary"])
        #expect(registry.requests.filter { $0.headers["Authorization"] == nil }.count == 1)
        let said = await refusal(.denied) { () async throws(ImageError) in
            try await client.pull(name, credential: .password(user: "eve", "x"))
        }
        #expect(said?.contains("failed to authorize: failed to fetch oauth token: unexpected status from GET request to http://") == true)
        #expect(said?.contains("401") == true)
        #expect(
            await refusal(.denied) { () async throws(ImageError) in try await client.pull(name) }?.contains(
                "failed to fetch anonymous token") == true)
    }

    @Test func `a registry with passwords gets one only when it asks`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let (content, builder) = try makeContent()
        let registry = try ScriptedRegistry { request in
            guard request.headers["Authorization"] == Self.basic else {
                return .init(status: 401, headers: [("WWW-Authenticate", "Basic realm=x")])
            }
            return content.answer(request)
        }
        let open = try ScriptedRegistry { content.answer($0) }
        let client = try RegistryClient.forTest(store)
        #expect(try await client.pull(try ImageReference("\(registry.authority)/app:1"), credential: Self.user).image.id == builder.id)
        _ = try await client.pull(try ImageReference("\(open.authority)/app:1"), credential: Self.user)
        #expect(open.requests.allSatisfy { $0.headers["Authorization"] == nil })
        let name = try ImageReference("\(registry.authority)/app:1")
        #expect(
            await refusal(.denied) { () async throws(ImageError) in try await client.pull(name) }?.contains("no basic auth credentials")
                == true)
        let wrong = await refusal(.denied) { () async throws(ImageError) in
            try await client.pull(name, credential: .password(user: "mary", "no"))
        }
        #expect(wrong?.contains("pull access denied, repository does not exist or may require authorization") == true)
        #expect(wrong?.contains("mary") == false)
    }

    @Test func `another server that a registry leads to is not shown the credential`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let (content, builder) = try makeContent()
        let storage = try ScriptedRegistry { content.answer($0) }
        let registry = try ScriptedRegistry { request in
            guard request.headers["Authorization"] == Self.basic else {
                return .init(status: 401, headers: [("WWW-Authenticate", "Basic realm=x")])
            }
            guard request.path.contains("/blobs/") else { return content.answer(request) }
            return .init(status: 307, headers: [("Location", "http://\(storage.authority)\(request.path)?signature=s%2Ft/u")])
        }
        let image = try await RegistryClient.forTest(store).pull(try ImageReference("\(registry.authority)/app:1"), credential: Self.user)
            .image
        #expect(image.id == builder.id)
        #expect(storage.requests.count == 2)
        #expect(storage.requests.allSatisfy { $0.headers["Authorization"] == nil && $0.target.hasSuffix("?signature=s%2Ft/u") })
    }

    @Test func `a registry that redirects in circles is left`() async throws {
        let directory = TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let store = try ImageStore(in: directory)
        let registry = try ScriptedRegistry { request in .init(status: 302, headers: [("Location", request.path)]) }
        let name = try ImageReference("\(registry.authority)/app:1")
        let client = try RegistryClient.forTest(store)
        #expect(
            await refusal(.refused) { () async throws(ImageError) in try await client.pull(name) }?.contains("stopped after 10 redirects")
                == true)
    }
}
