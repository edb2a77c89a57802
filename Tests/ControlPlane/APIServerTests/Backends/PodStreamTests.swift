import APIMachinery
@testable import APIServer
import TestSupport
import Testing

@Suite struct PodStreamTests {
    private let pods = BackendServer.pods
    private static let webSocket: HTTPHeaders = [
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Protocol": "v5.channel.k8s.io", "Authorization": "Bearer x",
        "Impersonate-User": "jane", "Host": "api", "X-Forwarded-For": "198.51.100.1",
    ]

    @Test(arguments: [
        (
            "one/exec?command=echo&command=a%20b&stdin=true&stdout=true&stderr=true&tty=False",
            "/exec/default/one/a?command=echo&command=a%20b&error=1&input=1&output=1"
        ),
        ("two/exec?container=b&command=sh&stdout=1&tty=true", "/exec/default/two/b?command=sh&output=1&tty=1"),
        ("one/attach?stdout=true", "/attach/default/one/a?output=1"),
        ("two/portforward?ports=80,443&ports=8080", "/portForward/default/two?port=80%2C443%2C8080"),
        ("two/portforward", "/portForward/default/two"),
    ])
    func `what the node agent is asked`(target: String, expected: String) async throws {
        let server = try await BackendServer(ScriptedBackends.answer(101, headers: ["Upgrade": "websocket", "Connection": "Upgrade"]))
        let answer = await server.send("GET", "\(pods)/\(target)", headers: Self.webSocket)
        #expect(answer.status == 101)
        let request = try #require(server.backends.requests.first)
        #expect(request.url == "https://10.0.0.7:10255" + expected)
        #expect(request.request.method == "GET")
        #expect(request.request.headers["Upgrade"] == "websocket")
        #expect(request.request.headers["Sec-WebSocket-Protocol"] == "v5.channel.k8s.io")
        #expect(request.request.headers["X-Forwarded-For"] == "198.51.100.1, 192.0.2.1")
        for name in ["Authorization", "Impersonate-User", "Host"] { #expect(request.request.headers[name] == nil) }
    }

    @Test(arguments: [
        ("two/exec?command=x", "a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]"),
        ("one/exec?container=y", "container y is not valid for pod one"),
        ("loose/exec", "pod loose does not have a host assigned"), ("loose/attach", "pod loose does not have a host assigned"),
        ("loose/portforward", "pod loose does not have a host assigned"),
    ])
    func `what cannot be`(target: String, message: String) async throws {
        let server = try await BackendServer()
        let answer = await server.send("POST", "\(pods)/\(target)", headers: Self.webSocket)
        #expect(answer.status == 400)
        #expect(answer.message == message)
        #expect(server.backends.requests.isEmpty)
    }

    @Test func `without an upgrade there is nothing to stream on`() async throws {
        let server = try await BackendServer()
        let answer = await server.send("GET", "\(pods)/one/exec?command=x")
        #expect(answer.status == 400)
        #expect(answer.message == "Upgrade request required")
    }

    @Test func `bytes go both ways until one side ends`() async throws {
        let backend = PipeEnd()
        let server = try await BackendServer { _ throws(BackendError) in
            BackendAnswer(
                status: 101, headers: ["Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v4.channel.k8s.io"], connection: backend)
        }
        let answer = await server.send("POST", "\(pods)/one/exec?command=x", headers: ["connection": "Upgrade", "Upgrade": "SPDY/3.1"])
        #expect(answer.headers["X-Stream-Protocol-Version"] == "v4.channel.k8s.io")
        guard case .upgrade(let start) = answer.body else {
            Issue.record("no upgrade")
            return
        }
        let client = PipeEnd()
        start(client)
        client.arrive(Array("to the node".utf8))
        backend.arrive(Array("to the client".utf8))
        #expect(try await eventually { client.written == "to the client" && backend.written == "to the node" })
        backend.arrive(Array(", the end".utf8))
        backend.end()
        #expect(try await eventually { client.isClosed && backend.isClosed })
        #expect(client.written == "to the client, the end")
    }

    @Test func `a refusal of the node is passed on, a dead node is told`() async throws {
        let refusing = try await BackendServer(
            ScriptedBackends.answer(500, ["container not found"], headers: ["Content-Type": "text/plain", "Connection": "close"]))
        let refused = await refusing.send("GET", "\(pods)/one/exec?command=x", headers: Self.webSocket)
        #expect(refused.status == 500)
        #expect(refused.headers["Connection"] == nil)
        #expect(await refusing.body(of: refused) == "container not found")
        let odd = try await BackendServer(ScriptedBackends.answer(200))
        #expect(
            await odd.send("GET", "\(pods)/one/exec?command=x", headers: Self.webSocket).message
                == "invalid upgrade response: status code 200")
        let dead = try await BackendServer { _ throws(BackendError) in throw BackendError("dial tcp 10.0.0.7:10255: i/o timeout") }
        let answer = await dead.send("GET", "\(pods)/one/exec?command=x", headers: Self.webSocket)
        #expect(answer.status == 500)
        #expect(answer.message == "error dialing backend: dial tcp 10.0.0.7:10255: i/o timeout")
    }
}
