import APIMachinery
@testable import APIServer
import Testing

@Suite struct PodLogTests {
    private let pods = BackendServer.pods

    @Test func `a log is asked of the pod's node and passed on as it comes`() async throws {
        let server = try await BackendServer(ScriptedBackends.answer(200, ["one\n", "two\n"]))
        let query =
            "container=b&follow=true&previous=true&timestamps=true&sinceSeconds=10&tailLines=5&limitBytes=100&pretty=true"
        let answer = await server.send("GET", "\(pods)/two/log?\(query)")
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"] == "text/plain")
        #expect(await server.body(of: answer) == "one\ntwo\n")
        let request = try #require(server.backends.requests.first)
        #expect(
            request.url
                == "https://10.0.0.7:10255/containerLogs/default/two/b?follow=true&limitBytes=100&previous=true&sinceSeconds=10&tailLines=5&timestamps=true"
        )
        #expect(request.security == .kubelet)
    }

    @Test func `who does not want the node to prove itself need not`() async throws {
        let server = try await BackendServer()
        _ = await server.send("GET", "\(pods)/one/log?insecureSkipTLSVerifyBackend=true&sinceTime=2026-01-02T03:04:05Z")
        let request = try #require(server.backends.requests.first)
        #expect(request.security == .unverifiedKubelet)
        #expect(request.request.query == [.init(name: "sinceTime", value: "2026-01-02T03:04:05Z")])
    }

    @Test(arguments: [
        ("two/log", 400, "a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]"),
        ("one/log?container=x", 400, "container x is not valid for pod one"),
        ("none/log", 404, "pods \"none\" not found"),
        ("loose/log", 204, ""),
        ("one/log?tailLines=-1", 422, "PodLogOptions \"one\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("one/log?limitBytes=0", 422, "PodLogOptions \"one\" is invalid: limitBytes: Invalid value: 0: must be greater than 0"),
        ("one/log?sinceSeconds=0", 422, "PodLogOptions \"one\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0"),
        ("one/log?tailLines=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"),
    ])
    func `what cannot be`(target: String, code: Int, message: String) async throws {
        let server = try await BackendServer()
        let answer = await server.send("GET", "\(pods)/\(target)")
        #expect(answer.status == code)
        #expect(answer.message == message)
        #expect(server.backends.requests.isEmpty)
    }

    @Test func `init containers have logs too`() async throws {
        let server = try await BackendServer()
        #expect(await server.send("GET", "\(pods)/two/log?container=i").status == 200)
        #expect(server.backends.requests.first?.request.path == "/containerLogs/default/two/i")
    }

    @Test(arguments: [
        (400, "previous terminated container not found", 400, "previous terminated container not found"),
        (404, "x", 404, "the server could not find the requested resource ( pods/log one)"),
        (500, "broken", 500, "Internal error occurred: broken"), (403, "no", 403, "no ( pods/log one)"),
    ])
    func `the node's refusal`(status: Int, text: String, code: Int, message: String) async throws {
        let server = try await BackendServer(ScriptedBackends.answer(status, [text]))
        let answer = await server.send("GET", "\(pods)/one/log")
        #expect(answer.status == code)
        #expect(answer.message == message)
    }

    @Test func `a node that is not there`() async throws {
        let server = try await BackendServer { _ throws(BackendError) in
            throw BackendError("dial tcp 10.0.0.7:10255: connect: connection refused")
        }
        let answer = await server.send("GET", "\(pods)/one/log")
        #expect(answer.status == 500)
        #expect(
            answer.message
                == "Get \"https://10.0.0.7:10255/containerLogs/default/one/a\": dial tcp 10.0.0.7:10255: connect: connection refused")
        try await server.makePod("lost", node: "n9", ["a"])
        #expect(await server.send("GET", "\(pods)/lost/log").message == "nodes \"n9\" not found")
    }
}
