import APIMachinery
@testable import APIServer
import Testing

@Suite struct WebhookMatchingTests {
    private func subject(
        _ plural: String, _ subresource: String = "", group: String = "", version: String = "v1", namespace: String = "default",
        operation: String = "CREATE"
    ) -> WebhookRule.Subject {
        .init(
            operation: operation, group: group, version: version, plural: plural, subresource: subresource, namespace: namespace)
    }

    @Test(arguments: [
        (["pods"], "pods", "", true), (["pods"], "pods", "status", false), (["pods/*"], "pods", "status", true),
        (["pods/*"], "pods", "", true), (["*"], "pods", "", true), (["*"], "pods", "log", false), (["*/*"], "pods", "log", true),
        (["*/scale"], "deployments", "scale", true), (["*/scale"], "deployments", "", false), (["pods/log"], "pods", "log", true),
        (["pods/log"], "pods", "exec", false), (["a", "pods"], "pods", "", true),
    ])
    func `resources and subresources`(patterns: [String], plural: String, subresource: String, expected: Bool) {
        let rule = WebhookRule([
            "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": .array(patterns.map { .string($0) }),
        ])
        #expect(rule.matches(subject(plural, subresource)) == expected)
    }

    @Test(arguments: [
        ("Namespaced", "pods", "default", true), ("Namespaced", "nodes", "", false), ("Namespaced", "namespaces", "x", false),
        ("Cluster", "pods", "default", false), ("Cluster", "nodes", "", true), ("Cluster", "namespaces", "x", true),
        ("*", "pods", "default", true), ("*", "nodes", "", true),
    ])
    func `scopes`(scope: String, plural: String, namespace: String, expected: Bool) {
        let rule = WebhookRule([
            "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["*"], "scope": .string(scope),
        ])
        #expect(rule.matches(subject(plural, namespace: namespace)) == expected)
    }

    @Test func `operations, groups and versions`() {
        let rule = WebhookRule([
            "operations": ["CREATE", "UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"],
        ])
        #expect(rule.matches(subject("deployments", group: "apps")))
        #expect(!rule.matches(subject("deployments", group: "apps", operation: "DELETE")))
        #expect(!rule.matches(subject("deployments", group: "")))
        #expect(!rule.matches(subject("deployments", group: "apps", version: "v1beta1")))
    }

    @Test func `the namespace's labels select, of a namespace itself its own`() async throws {
        let server = try await WebhookServer(["a": Answer.deny(["message": "no"])])
        let selector: JSONValue = ["matchLabels": ["guarded": "yes"]]
        try await server.validating([
            WebhookServer.hook("a", resources: ["configmaps", "namespaces"], with: ["namespaceSelector": selector])
        ])
        #expect(await server.makeMap().status == 201)
        let guarded: JSONValue = ["metadata": ["name": "n", "labels": ["guarded": "yes"]]]
        #expect(await server.test.send("POST", "/api/v1/namespaces", guarded).status == 400)
        try await server.test.create("/api/v1/namespaces", ["metadata": ["name": "n"]])
        let label = await server.test.send(
            "PATCH", "/api/v1/namespaces/n", ["metadata": ["labels": ["guarded": "yes"]]],
            headers: ["Content-Type": "application/merge-patch+json"])
        #expect(label.status == 400)
        let request = try #require(server.caller.calls.last).request
        #expect(request["namespace"] == "n")
        #expect(request["operation"] == "UPDATE")
    }

    @Test func `the old object's labels select as well as the new one's`() async throws {
        let server = try await WebhookServer(["a": Answer.allow])
        try await server.validating([WebhookServer.hook("a", with: ["objectSelector": ["matchLabels": ["x": "1"]]])])
        #expect(await server.makeMap("plain").status == 201)
        #expect(server.caller.calls.isEmpty)
        #expect(await server.makeMap("marked", labels: ["x": "1"]).status == 201)
        #expect(server.caller.calls.count == 1)
        let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]
        let freed = await server.test.send(
            "PATCH", WebhookServer.maps + "/marked", ["metadata": ["labels": nil]], headers: merge)
        #expect(freed.status == 200)
        #expect(server.caller.calls.count == 2)
        _ = await server.test.send("DELETE", WebhookServer.maps + "/marked")
        #expect(server.caller.calls.count == 2)
    }

    @Test(arguments: [
        ("https://a.b/c", "a.b", "a.b", 443, "/c"), ("https://a.b", "a.b", "a.b", 443, "/"),
        ("https://10.0.0.1:8443/x/y", "10.0.0.1:8443", "10.0.0.1", 8443, "/x/y"),
        ("https://[fd00::1]:9/p", "[fd00::1]:9", "fd00::1", 9, "/p"), ("https://[fd00::1]/p", "[fd00::1]", "fd00::1", 443, "/p"),
    ])
    func `URLs`(text: String, authority: String, host: String, port: Int, path: String) throws {
        let url = try #require(WebhookURL(text))
        #expect(url.authority == authority)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.path == path)
    }

    @Test func `a service is reached through its endpoints, under its own name`() async throws {
        let server = try await WebhookServer(["mutate": Answer.allow])
        let client: JSONValue = ["service": ["namespace": "default", "name": "hooks", "path": "/mutate", "port": 8443]]
        try await server.validating([WebhookServer.hook("a", with: ["clientConfig": client])])
        let prefix =
            "Internal error occurred: failed calling webhook \"a.example.com\": failed to call webhook: "
            + "Post \"https://hooks.default.svc:8443/mutate?timeout=10s\": "
        #expect(await server.makeMap().message == prefix + "service \"hooks\" not found")
        try await server.test.create(
            "/api/v1/namespaces/default/services",
            ["metadata": ["name": "hooks"], "spec": ["ports": [["name": "https", "port": 8443, "targetPort": 9443]]]])
        #expect(await server.makeMap().message == prefix + "no endpoints available for service \"hooks\"")
        try await server.test.create(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            [
                "metadata": ["name": "hooks-1", "labels": ["kubernetes.io/service-name": "hooks"]], "addressType": "IPv4",
                "ports": [["name": "https", "port": 9443]],
                "endpoints": [
                    ["addresses": ["10.1.1.1"], "conditions": ["ready": false]],
                    ["addresses": ["10.1.1.2"], "conditions": ["ready": true]],
                ],
            ])
        #expect(await server.makeMap().status == 201)
        let endpoint = try #require(server.caller.calls.first).endpoint
        #expect(endpoint.address == .init(host: "10.1.1.2", port: 9443))
        #expect(endpoint.serverName == "hooks.default.svc")
        #expect(endpoint.authority == "hooks.default.svc:8443")
    }
}
