import APIMachinery
@testable import APIServer
import Testing

@Suite struct ProxyTests {
    private let pods = BackendServer.pods

    private func server(_ script: @escaping ScriptedBackends.Script = ScriptedBackends.answer(200, ["hello"])) async throws -> BackendServer
    {
        let server = try await BackendServer(script)
        try await server.makePod("web", node: "n1", ["c"], port: 8080)
        try await server.setStatus("\(pods)/web", ["podIP": "10.1.0.5", "podIPs": [["ip": "10.1.0.5"]]])
        try await server.create(
            "/api/v1/namespaces/default/services",
            ["metadata": ["name": "svc"], "spec": ["ports": [["name": "http", "port": 80, "targetPort": 8080]]]])
        try await server.create(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            [
                "metadata": ["name": "svc-1", "labels": ["kubernetes.io/service-name": "svc"]], "addressType": "IPv4",
                "ports": [["name": "http", "port": 8080]],
                "endpoints": [
                    ["addresses": ["10.1.0.5"], "targetRef": ["kind": "Pod", "name": "web", "namespace": "default"]],
                    // Nobody's address: whoever may write endpoints could reach anything through the server.
                    ["addresses": ["10.0.0.1"], "targetRef": ["kind": "Pod", "name": "web", "namespace": "default"]],
                    ["addresses": ["10.0.0.2"]],
                ],
            ])
        return server
    }

    @Test(arguments: [
        ("/api/v1/namespaces/default/pods/web/proxy/", "http://10.1.0.5:8080/"),
        ("/api/v1/namespaces/default/pods/web:9/proxy/a//b%2Fc/?x=1&y=a%20b", "http://10.1.0.5:9/a//b%2Fc/?x=1&y=a%20b"),
        ("/api/v1/namespaces/default/pods/https:web:9/proxy/a", "https://10.1.0.5:9/a"),
        ("/api/v1/namespaces/default/services/svc:80/proxy/a", "http://10.1.0.5:8080/a"),
        ("/api/v1/namespaces/default/services/svc:http/proxy/a", "http://10.1.0.5:8080/a"),
        ("/api/v1/namespaces/default/services/https:svc:http/proxy/a", "https://10.1.0.5:8080/a"),
        ("/api/v1/nodes/n1/proxy/metrics/cadvisor", "https://10.0.0.7:10255/metrics/cadvisor"),
        ("/api/v1/nodes/n1:10255/proxy/healthz", "https://10.0.0.7:10255/healthz"),
        ("/api/v1/nodes/http:n1:9100/proxy/metrics", "http://10.0.0.7:9100/metrics"),
    ])
    func `where a request goes`(target: String, expected: String) async throws {
        let server = try await server()
        let answer = await server.send("GET", target)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(await server.body(of: answer) == "hello")
        let request = try #require(server.backends.requests.first)
        #expect(request.url == expected)
        #expect(
            request.security
                == (target.contains("nodes/n1") && expected.contains("10255")
                    ? .kubelet : expected.hasPrefix("https") ? .unverified : .plainText))
    }

    @Test(arguments: [
        ("pods/ftp:web:80", 400, "invalid pod request \"ftp:web:80\""), ("pods/a:b:c:d", 400, "invalid pod request \"a:b:c:d\""),
        ("pods/none", 404, "pods \"none\" not found"), ("pods/one", 400, "address not allowed"),
        ("services/none", 404, "services \"none\" not found"),
        ("services/svc:81", 503, "no service port 81 found for service \"svc\""),
        ("services/svc:other", 503, "no endpoints available for service \"svc:other\""),
        ("services/svc", 503, "no endpoints available for service \"svc\""),
    ])
    func `what has no place`(name: String, code: Int, message: String) async throws {
        let server = try await server()
        let answer = await server.send("GET", "/api/v1/namespaces/default/\(name)/proxy/")
        #expect(answer.status == code)
        #expect(answer.message == message)
        #expect(server.backends.requests.isEmpty)
    }

    @Test(arguments: [
        ("10.1.0.5", true), ("127.0.0.1", false), ("169.254.169.254", false), ("224.0.0.1", false), ("0.0.0.0", false),
        ("255.255.255.255", false), ("::1", false), ("fe80::1", false), ("fd00::1", true), ("ff02::1", false), ("", false), ("name", false),
    ])
    func `addresses that may be gone to`(address: String, isAllowed: Bool) {
        #expect(ProxyableAddress.isAllowed(address) == isAllowed)
    }

    @Test func `what goes on and what comes back`() async throws {
        let server = try await server(
            ScriptedBackends.answer(
                201, ["made"],
                headers: [
                    "Content-Type": "text/plain", "X-Own": "1", "Connection": "X-Hop", "X-Hop": "1", "Keep-Alive": "5",
                    "Access-Control-Allow-Origin": "*", "Set-Cookie": "a=b", "Location": "/made/1",
                ]))
        let answer = await server.send(
            "PUT", "\(pods)/web/proxy/things?x=1",
            headers: [
                "Authorization": "Bearer x", "Impersonate-User": "u", "X-Remote-User": "root", "X-Remote-Extra-A": "b", "Cookie": "c=d",
                "Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers", "Content-Type": "text/x", "Accept-Encoding": "gzip",
            ], text: "body")
        #expect(answer.status == 201)
        #expect(
            answer.headers.fields.map(\.name).sorted() == ["Content-Type", "Location", "Set-Cookie", "X-Own"])
        #expect(answer.headers["Location"] == "\(pods)/web/proxy/made/1")
        let request = try #require(server.backends.requests.first).request
        #expect(request.method == "PUT")
        #expect(request.body == Array("body".utf8))
        #expect(request.headers.fields.map(\.name).sorted() == ["Content-Type", "Cookie", "X-Forwarded-For", "X-Forwarded-Uri"])
        #expect(request.headers["X-Forwarded-Uri"] == "\(pods)/web/proxy/things")
    }

    @Test func `the root is asked for with a slash`() async throws {
        let server = try await server()
        let answer = await server.send("GET", "\(pods)/web/proxy?a=b")
        #expect(answer.status == 301)
        #expect(answer.headers["Location"] == "\(pods)/web/proxy/?a=b")
    }

    @Test func `a backend that is not there`() async throws {
        let server = try await server { _ throws(BackendError) in throw BackendError("dial tcp 10.1.0.5:8080: connect: no route to host") }
        let answer = await server.send("GET", "\(pods)/web/proxy/")
        #expect(answer.status == 503)
        #expect(answer.message == "error trying to reach service: dial tcp 10.1.0.5:8080: connect: no route to host")
        #expect(try answer.json["reason"] == "ServiceUnavailable")
    }

    @Test func `a page's links lead back through the server`() async throws {
        let page = """
            <!doctype html><!-- <a href="/x"> stays? --><html><head><link rel=stylesheet href=/s.css></head>
            <body data-x="/kept"><a HREF='/b?c#d'>b</a> 1 < 2 <a href="rel">r</a><a href="//other/x">o</a>
            <img src="http://10.1.0.5:8080/i.png" alt="/kept"><form action = "/f"><script src="/j.js"></script></body></html>
            """
        let server = try await server(ScriptedBackends.answer(200, [page], headers: ["Content-Type": "text/html; charset=utf-8"]))
        let answer = await server.send("GET", "\(pods)/web/proxy/")
        let proxy = "\(pods)/web/proxy"
        #expect(
            answer.text == """
                <!doctype html><!-- <a href="\(proxy)/x"> stays? --><html><head><link rel=stylesheet href=\(proxy)/s.css></head>
                <body data-x="/kept"><a HREF='\(proxy)/b?c#d'>b</a> 1 < 2 <a href="rel">r</a><a href="//other/x">o</a>
                <img src="\(proxy)/i.png" alt="/kept"><form action = "\(proxy)/f"><script src="\(proxy)/j.js"></script></body></html>
                """)
    }

    @Test func `a WebSocket of a pod is joined`() async throws {
        let server = try await server(ScriptedBackends.answer(101, headers: ["Upgrade": "websocket"]))
        let answer = await server.send(
            "GET", "\(pods)/web/proxy/ws", headers: ["Connection": "Upgrade", "Upgrade": "websocket", "Host": "api"])
        #expect(answer.status == 101)
        #expect(server.backends.requests.first?.request.headers["Host"] == "api")
    }

    @Test(arguments: [
        ("/api/v1/nodes/n/proxy", 0, "/api/v1/nodes/n/proxy", ""), ("/api/v1/nodes/n/proxy/", 0, "/api/v1/nodes/n/proxy", "/"),
        ("/api/v1/nodes/n/proxy/a/b/", 2, "/api/v1/nodes/n/proxy", "/a/b/"),
        ("/api/v1/nodes/proxy/proxy/proxy", 1, "/api/v1/nodes/proxy/proxy", "/proxy"),
        ("//api/v1//nodes/n/proxy//a", 1, "//api/v1//nodes/n/proxy", "//a"),
    ])
    func `where a path is cut`(full: String, trailing: Int, prefix: String, path: String) {
        let split = ProxiedPath(full, trailingCount: trailing)
        #expect(split.prefix == prefix)
        #expect(split.path == path)
    }
}
