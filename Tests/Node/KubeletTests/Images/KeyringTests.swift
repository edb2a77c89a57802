import APIMachinery
import CRI
import KubernetesAPI
import Synchronization
import Testing

@testable import Kubelet

@Suite struct KeyringTests {
    @Test(arguments: [
        ("registry.example.com", "registry.example.com/app", true), ("registry.example.com", "registry.example.com/team/app", true),
        ("https://registry.example.com/v1/", "registry.example.com/app", true),
        ("https://registry.example.com/v2/", "registry.example.com/app", true),
        ("http://registry.example.com", "registry.example.com/app", true),
        ("registry.example.com/team", "registry.example.com/team/app", true),
        ("registry.example.com/team", "registry.example.com/other/app", false),
        ("registry.example.com/v1/team", "registry.example.com/team/app", true),
        ("registry.example.com:5000", "registry.example.com:5000/app", true),
        ("registry.example.com:5000", "registry.example.com/app", false),
        ("registry.example.com", "registry.example.com:5000/app", false), ("*.example.com", "registry.example.com/app", true),
        ("*.example.com", "a.b.example.com/app", false), ("*.*.example.com", "a.b.example.com/app", true),
        ("reg*.example.com", "registry.example.com/x", true),
        ("reg[0-4].example.com", "reg3.example.com/x", true),
        ("reg[0-4].example.com", "reg7.example.com/x", false), ("reg[^0-4].example.com", "reg7.example.com/x", true),
        ("*.example.com", "example.com/x", false),
        ("example.com", "sub.example.com/x", false), ("https://index.docker.io/v1/", "docker.io/library/busybox", true),
        ("index.docker.io", "docker.io/library/busybox", true), ("docker.io", "docker.io/library/busybox", true),
        ("https://index.docker.io/v1/", "registry.example.com/app", false), ("", "registry.example.com/app", false),
    ])
    func `which credentials open which images`(server: String, repository: String, isMatch: Bool) {
        var keyring = DockerKeyring()
        var credential = AuthConfig()
        credential.username = "u"
        keyring.add(credential, for: server)
        #expect(!keyring.credentials(for: repository).isEmpty == isMatch)
    }

    @Test func `the most specific comes first, several of one server in their order`() throws {
        var keyring = DockerKeyring()
        try keyring.add(
            dockerConfigJSON: Array(
                #"{"auths":{"r.io":{"username":"a","password":"1"},"r.io/team":{"auth":"Yjoy"},"*.io":{"username":"c","password":"3"}}}"#
                    .utf8))
        try keyring.add(dockercfg: Array(#"{"r.io":{"username":"d","password":"4"}}"#.utf8))
        #expect(keyring.credentials(for: "r.io/team/app").map(\.username) == ["b", "a", "d", "c"])
        #expect(keyring.credentials(for: "r.io/team/app").map(\.password) == ["2", "1", "4", "3"])
        #expect(keyring.credentials(for: "other.io/x").map(\.username) == ["c"])
    }

    @Test(arguments: [
        "", "[]", "{\"auths\": 3}", "{\"auths\": {\"r.io\": []}}", "{\"auths\": {\"r.io\": {\"auth\": \"bm9jb2xvbg==\"}}}",
        "{\"auths\": {\"r.io\": {\"auth\": \"%\"}}}",
    ])
    func `what is no file of credentials is refused, and not shown`(text: String) {
        var keyring = DockerKeyring()
        #expect { try keyring.add(dockerConfigJSON: Array(text.utf8)) } throws: { error in
            !"\(error)".contains("bm9jb2xvbg") && !"\(error)".contains("nocolon")
        }
    }

    @Test func `credentials without padding, with colons, and identity tokens`() throws {
        var keyring = DockerKeyring()
        try keyring.add(
            dockerConfigJSON: Array(#"{"auths":{"a.io":{"auth":"dTpwOnE"},"b.io":{"identitytoken":"t"}},"credHelpers":{}}"#.utf8))
        #expect(keyring.credentials(for: "a.io/x").map(\.password) == ["p:q"])
        #expect(keyring.credentials(for: "b.io/x").map(\.identityToken) == ["t"])
        try keyring.add(dockerConfigJSON: Array("{}".utf8))
    }
}

@Suite struct PullSecretTests {
    private static func secret(_ name: String, user: String, server: String = "r.io") -> Secret {
        Secret {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
            $0.type = "kubernetes.io/dockerconfigjson"
            $0.data = [".dockerconfigjson": Base64Data(Array(#"{"auths":{"\#(server)":{"username":"\#(user)","password":"p"}}}"#.utf8))]
        }
    }

    private static func pod(_ secrets: [String]) -> Pod {
        makePod("p") { pod in
            pod.spec.containers[0].image = "r.io/app:1"
            pod.spec.imagePullSecrets = secrets.map { name in LocalObjectReference { $0.name = name } }
        }
    }

    @Test func `the pod's Secrets are tried in turn, then the node's credentials`() async throws {
        var setup = SimulationSetup()
        let tries = OneByOne()
        setup.pullFailure = { _ in tries.next() < 2 ? "denied" : nil }
        setup.configure = { configuration in
            configuration.objects.add(Self.secret("first", user: "one"))
            configuration.objects.add(Self.secret("second", user: "two"))
            configuration.objects.add(Self.secret("elsewhere", user: "no", server: "other.io"))
            configuration.imageCredentials = {
                var keyring = DockerKeyring()
                var credential = AuthConfig()
                (credential.username, credential.password) = ("node", "p")
                keyring.add(credential, for: "*.io")
                return keyring
            }
        }
        try await simulate([Self.pod(["first", "elsewhere", "second"])], setup) { node in
            try await node.sleep(until: 1)
            #expect(node.images.credentials.map { $0?.username } == ["one", "two", "node"])
            #expect(node.status("p").containerStatuses[0].state.running != nil)
            #expect(
                node.recorder.texts.contains(
                    "Pulled: Successfully pulled image \"r.io/app:1\" in 0s (0s including waiting). Image size: 1000 bytes."))
        }
    }

    @Test func `a Secret that is missing is told of, and the pull is tried without it`() async throws {
        try await simulate([Self.pod(["absent", "gone"])]) { node in
            try await node.sleep(until: 1)
            #expect(node.images.credentials == [nil])
            #expect(
                node.recorder.texts.contains(
                    "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (absent, gone); attempting to pull the image may not succeed."
                ))
        }
    }

    @Test func `all that were tried and failed stand in the status`() async throws {
        var setup = SimulationSetup()
        let tries = OneByOne()
        setup.pullFailure = { _ in "denied \(tries.next())" }
        setup.configure = { configuration in
            configuration.objects.add(Self.secret("first", user: "one"))
            configuration.objects.add(Self.secret("second", user: "two"))
        }
        try await simulate([Self.pod(["first", "second"])], setup) { node in
            try await node.sleep(until: 0.5)
            #expect(node.status("p").containerStatuses[0].state.waiting?.message == "[denied 0, denied 1]")
        }
    }
}

@Suite struct PullQueueTests {
    private static let pods = ["a", "b", "c"].map { name in makePod(name) { $0.spec.containers[0].image = "\(name).io/x:1" } }

    @Test(arguments: [(true, nil, [0, 10, 20]), (false, 2, [0, 0, 10]), (false, nil, [0, 0, 0])] as [(Bool, Int?, [Int64])])
    func `so many pulls at once`(isSerial: Bool, limit: Int?, expected: [Int64]) async throws {
        var setup = SimulationSetup()
        setup.pullDuration = .seconds(10)
        setup.configure = { ($0.serializeImagePulls, $0.maxParallelImagePulls) = (isSerial, limit) }
        try await simulate(Self.pods, setup) { node in
            try await node.sleep(until: 60)
            let pulled = node.recorder.texts.filter { $0.contains("Successfully pulled") }
            let waits = pulled.compactMap { text in text.split(separator: "(").last?.split(separator: " ").first.map(String.init) }
            #expect(waits.sorted() == expected.map { "\($0 + 10)s" })
            #expect(pulled.allSatisfy { $0.contains(" in 10s (") })
        }
    }

    @Test func `a name that can't be one is said at once`() async throws {
        let pod = makePod("p") { $0.spec.containers[0].image = "Upper/Case:1:2" }
        try await simulate([pod]) { node in
            try await node.sleep(until: 1)
            let waiting = node.status("p").containerStatuses[0].state.waiting
            #expect(waiting?.reason == "InvalidImageName")
            #expect(
                waiting?.message
                    == "Failed to apply default image tag \"Upper/Case:1:2\": couldn't parse image name \"Upper/Case:1:2\": invalid reference format"
            )
            #expect(node.recorder.texts.contains("Failed: Error: InvalidImageName"))
        }
    }
}

/// 0, 1, 2 …
private final class OneByOne: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
