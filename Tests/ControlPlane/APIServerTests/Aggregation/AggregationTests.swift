import APIMachinery
@testable import APIServer
import Testing

/// An extension API server that is a function.
@Suite struct AggregationTests {
    private static let services = "/apis/apiregistration.k8s.io/v1/apiservices"
    private static let root = "/apis/flunders.example.com/v1"
    private static let name = "v1.flunders.example.com"
    private static let list: JSONValue = [
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "flunders.example.com/v1",
        "resources": [
            ["name": "flunders", "singularName": "flunder", "namespaced": true, "kind": "Flunder", "verbs": ["get"], "shortNames": ["fl"]],
            ["name": "flunders/status", "singularName": "", "namespaced": true, "kind": "Flunder", "verbs": ["update"]],
        ],
    ]

    private static let script: ScriptedBackends.Script = { request throws(BackendError) in
        switch request.request.path {
        case root: try ScriptedBackends.answer(200, [list.serializedText()])(request)
        case "/openapi/v3":
            try ScriptedBackends.answer(
                200, [#"{"paths":{"apis/flunders.example.com/v1":{"serverRelativeURL":"/openapi/v3/apis/x?hash=AB12"}}}"#])(request)
        case "/openapi/v2":
            try ScriptedBackends.answer(
                200,
                [
                    #"{"paths":{"/apis/flunders.example.com/v1/flunders":{},"/apis/":{}},"#,
                    #""definitions":{"com.example.Flunder":{"type":"object"}}}"#,
                ], headers: ["ETag": "\"1\""])(request)
        default: try ScriptedBackends.answer(200, ["part1,", request.request.method])(request)
        }
    }

    private static func make(
        _ script: @escaping ScriptedBackends.Script = script, isChecked: Bool = true
    ) async throws -> BackendServer {
        let test = try await BackendServer(script)
        try await test.create(
            "/api/v1/namespaces/default/services",
            ["metadata": ["name": "api"], "spec": ["ports": [["name": "https", "port": 443, "protocol": "TCP"]]]])
        try await test.create(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            [
                "metadata": ["name": "api-1", "labels": ["kubernetes.io/service-name": "api"]], "addressType": "IPv4",
                "endpoints": [["addresses": ["10.1.0.9"]]], "ports": [["name": "https", "port": 8443]],
            ])
        try await test.create(
            services,
            [
                "metadata": ["name": .string(name)],
                "spec": [
                    "group": "flunders.example.com", "version": "v1", "groupPriorityMinimum": 2000, "versionPriority": 200,
                    "caBundle": .string(Base64Data(Array("PEM".utf8)).base64), "service": ["name": "api", "namespace": "default"],
                ],
            ])
        if isChecked { try await test.server.checkAvailability(of: name) }
        return test
    }

    @Test func `a request is passed on with its sender's name, and the answer back`() async throws {
        let test = try await Self.make()
        let caller = Caller(
            user: UserInfo(name: "jane", uid: "u1", groups: ["system:masters", "devs"], extra: ["example.com/a b": ["x", "y"]]),
            remoteAddress: "192.0.2.1")
        var request = APIRequest(target: Self.root + "/namespaces/default/flunders/a?dryRun=All")
        request.method = "PUT"
        request.headers = [
            "X-Remote-User": "root", "Authorization": "Bearer t", "X-Remote-Extra-Evil": "1", "Content-Type": "application/json",
        ]
        request.body = Array("{}".utf8)
        let answer = await test.server.handle(request, from: caller)
        #expect(answer.status == 200)
        #expect(await test.body(of: answer) == "part1,PUT")
        let sent = try #require(test.backends.requests.last)
        #expect(sent.host == "10.1.0.9")
        #expect(sent.port == 8443)
        #expect(sent.security == .extensionServer(.init(serverName: "api.default.svc", certificateAuthority: Array("PEM".utf8))))
        #expect(sent.request.path == Self.root + "/namespaces/default/flunders/a")
        #expect(sent.request.parameter("dryRun") == "All")
        #expect(sent.request.body == Array("{}".utf8))
        #expect(sent.request.headers.all("X-Remote-User") == ["jane"])
        #expect(sent.request.headers.all("X-Remote-Uid") == ["u1"])
        #expect(sent.request.headers.all("X-Remote-Group") == ["system:masters", "devs"])
        #expect(sent.request.headers.all("X-Remote-Extra-example.com%2Fa%20b") == ["x", "y"])
        #expect(sent.request.headers["X-Remote-Extra-Evil"] == nil)
        #expect(sent.request.headers["Authorization"] == nil)
        #expect(sent.request.headers["X-Forwarded-For"] == "192.0.2.1")
    }

    @Test func `an API that is not available is refused in plain text`() async throws {
        let test = try await Self.make(isChecked: false)
        let early = await test.send("GET", Self.root + "/flunders")
        #expect(early.status == 503)
        #expect(early.text == "service unavailable\n")
        #expect(test.backends.requests.isEmpty)
    }

    @Test func `availability is checked without proof and written down`() async throws {
        let test = try await Self.make()
        let check = try #require(test.backends.requests.first)
        #expect(check.request.path == Self.root)
        #expect(check.security == .extensionServer(.init(serverName: "api.default.svc", certificateAuthority: nil)))
        #expect(check.request.headers["X-Remote-User"] == "system:kube-aggregator")
        let object = try await test.send("GET", "\(Self.services)/\(Self.name)").json
        #expect(object[path: "status.conditions"]?[0]?["status"] == "True")
        #expect(object[path: "status.conditions"]?[0]?["reason"] == "Passed")
        #expect(object[path: "status.conditions"]?[0]?["message"] == "all checks passed")
        let version = object[path: "metadata.resourceVersion"]
        try await test.server.checkAvailability(of: Self.name)
        #expect(try await test.send("GET", "\(Self.services)/\(Self.name)").json[path: "metadata.resourceVersion"] == version)
    }

    @Test func `a server that does not answer, or badly, makes its API unavailable`() async throws {
        let refused = try await Self.make { _ throws(BackendError) in
            throw BackendError("dial tcp 10.1.0.9:8443: connect: connection refused")
        }
        var condition = try await refused.send("GET", "\(Self.services)/\(Self.name)").json[path: "status.conditions"]?[0]
        #expect(condition?["status"] == "False")
        #expect(condition?["reason"] == "FailedDiscoveryCheck")
        #expect(
            condition?["message"]?.stringValue
                == "failing or missing response from https://10.1.0.9:8443\(Self.root): Get \"https://10.1.0.9:8443\(Self.root)\": "
                + "dial tcp 10.1.0.9:8443: connect: connection refused")
        let bad = try await Self.make(ScriptedBackends.answer(404))
        condition = try await bad.send("GET", "\(Self.services)/\(Self.name)").json[path: "status.conditions"]?[0]
        #expect(
            condition?["message"]?.stringValue
                == "failing or missing response from https://10.1.0.9:8443\(Self.root): bad status from https://10.1.0.9:8443\(Self.root): 404"
        )
    }

    @Test func `discovery tells its group in both forms, stale while it is not heard from`() async throws {
        let test = try await Self.make(isChecked: false)
        let accept: HTTPHeaders = ["Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"]
        func entry() async throws -> JSONValue? {
            try await test.send("GET", "/apis", headers: accept).json["items"]?.arrayValue?.first {
                $0[path: "metadata.name"] == "flunders.example.com"
            }
        }
        #expect(try await entry()?["versions"] == [["version": "v1", "freshness": "Stale"]])
        try await test.server.checkAvailability(of: Self.name)
        let kind: JSONValue = ["group": "flunders.example.com", "version": "v1", "kind": "Flunder"]
        #expect(
            try await entry()?["versions"] == [
                [
                    "version": "v1",
                    "resources": [
                        [
                            "resource": "flunders", "responseKind": kind, "scope": "Namespaced", "singularResource": "flunder",
                            "verbs": ["get"], "shortNames": ["fl"],
                            "subresources": [["subresource": "status", "responseKind": kind, "verbs": ["update"]]],
                        ]
                    ], "freshness": "Current",
                ]
            ])
        let groups = try await test.send("GET", "/apis").json["groups"]?.arrayValue ?? []
        let own = try #require(groups.first { $0["name"] == "flunders.example.com" })
        #expect(own["preferredVersion"] == ["groupVersion": "flunders.example.com/v1", "version": "v1"])
        #expect(try await test.send("GET", "/apis/flunders.example.com").json["kind"] == "APIGroup")
        _ = await test.send("DELETE", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/api-1")
        try await test.server.checkAvailability(of: Self.name)
        #expect(try await entry()?["versions"]?[0]?["freshness"] == "Stale")
        #expect(try await entry()?["versions"]?[0]?["resources"]?.arrayValue?.count == 1)
        _ = await test.send("DELETE", "\(Self.services)/\(Self.name)")
        #expect(try await entry() == nil)
    }

    @Test func `its OpenAPI documents are listed, passed on and merged`() async throws {
        let test = try await Self.make()
        let index = try await test.send("GET", "/openapi/v3").json
        #expect(
            index["paths"]?["apis/flunders.example.com/v1"]
                == ["serverRelativeURL": "/openapi/v3/apis/flunders.example.com/v1?hash=AB12"])
        #expect(await test.body(of: await test.send("GET", "/openapi/v3/apis/flunders.example.com/v1")) == "part1,GET")
        let v2 = try await test.send("GET", "/openapi/v2").json
        #expect(v2["definitions"]?["com.example.Flunder"] == ["type": "object"])
        #expect(v2["paths"]?["/apis/flunders.example.com/v1/flunders"] != nil)
    }
}
