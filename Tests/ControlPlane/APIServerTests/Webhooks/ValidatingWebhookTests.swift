import APIMachinery
@testable import APIServer
import Testing

@Suite struct ValidatingWebhookTests {
    @Test(
        arguments: [
            (nil, 400, "", "admission webhook \"a.example.com\" denied the request without explanation"),
            (["message": "no"], 400, "", "admission webhook \"a.example.com\" denied the request: no"),
            (["reason": "Forbidden", "code": 403], 403, "Forbidden", "admission webhook \"a.example.com\" denied the request: Forbidden"),
            (["status": "Success", "code": 200, "message": "x"], 400, "", "admission webhook \"a.example.com\" denied the request: x"),
        ] as [(JSONValue?, Int, String, String)])
    func `a refusal is passed on`(status: JSONValue?, code: Int, reason: String, message: String) async throws {
        let server = try await WebhookServer(["a": Answer.deny(status, warnings: ["mind this"])])
        try await server.validating([WebhookServer.hook("a")])
        let made = await server.makeMap()
        #expect(made.status == code)
        #expect(made.message == message)
        #expect(try (made.json["reason"]?.stringValue ?? "") == reason)
        #expect(try made.json["status"] == "Failure")
        #expect(made.headers.all("Warning") == ["299 - \"mind this\""])
        #expect(await server.test.send("GET", WebhookServer.maps + "/a").status == 404)
    }

    @Test(
        arguments: [
            (Answer.plain(404, "gone"), "failed to call webhook: the server could not find the requested resource"),
            (
                Answer.plain(500, " oops\n"),
                "failed to call webhook: an error on the server (\"oops\") has prevented the request from succeeding"
            ),
            (Answer.plain(503, ""), "failed to call webhook: the server is currently unable to handle the request"),
            (
                Answer.plain(418, ""),
                "failed to call webhook: the server responded with the status code 418 but did not return more information"
            ),
            (
                Answer.plain(200, "<html>"),
                "failed to call webhook: couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value"
            ),
            (Answer.plain(200, "{}"), "received invalid webhook response: webhook response was absent"),
            (
                { _ throws(WebhookCallError) in throw WebhookCallError("dial tcp 10.0.0.1:443: connect: connection refused") },
                "failed to call webhook: Post \"https://hooks.example.com/a?timeout=7s\": dial tcp 10.0.0.1:443: connect: connection refused"
            ),
            (
                { request throws(WebhookCallError) in Answer.review(request, ["allowed": true], version: "v1beta1") },
                "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, "
                    + "got admission.k8s.io/v1beta1, Kind=AdmissionReview"
            ),
            (
                { request throws(WebhookCallError) in Answer.review(request, Answer.patched([])) },
                "received invalid webhook response: validating webhook may not return response.patch"
            ),
            (
                { request throws(WebhookCallError) in Answer.review(request, ["allowed": true, "patchType": "JSONPatch"]) },
                "received invalid webhook response: validating webhook may not return response.patchType"
            ),
        ] as [(ScriptedCaller.Script, String)])
    func `a webhook that cannot be asked refuses, or lets pass if it shall`(script: @escaping ScriptedCaller.Script, why: String)
        async throws
    {
        let closed = try await WebhookServer(["a": script])
        try await closed.validating([WebhookServer.hook("a", with: ["timeoutSeconds": 7])])
        let refused = await closed.makeMap()
        #expect(refused.status == 500)
        #expect(refused.message == "Internal error occurred: failed calling webhook \"a.example.com\": \(why)")
        let open = try await WebhookServer(["a": script])
        try await open.validating([WebhookServer.hook("a", with: ["timeoutSeconds": 7, "failurePolicy": "Ignore"])])
        #expect(await open.makeMap().status == 201)
        #expect(open.metrics.text.contains("apiserver_admission_webhook_fail_open_count{name=\"a.example.com\",type=\"validating\"} 1"))
    }

    @Test func `an answer to another question does not count`() async throws {
        let server = try await WebhookServer([
            "a": { _ throws(WebhookCallError) in Answer.review(["uid": "other"], ["allowed": true]) }
        ])
        try await server.validating([WebhookServer.hook("a")])
        let message = await server.makeMap().message
        let uid = try #require(server.caller.calls.first?.request["uid"]?.stringValue)
        #expect(
            message == "Internal error occurred: failed calling webhook \"a.example.com\": "
                + "received invalid webhook response: expected response.uid=\"\(uid)\", got \"other\"")
    }

    @Test func `all are asked, and one refusal is enough`() async throws {
        let server = try await WebhookServer(["a": Answer.allow, "b": Answer.deny(["message": "b"]), "c": Answer.deny(["message": "c"])])
        try await server.validating([WebhookServer.hook("a"), WebhookServer.hook("b"), WebhookServer.hook("c")])
        #expect(await server.makeMap().message == "admission webhook \"b.example.com\" denied the request: b")
        #expect(server.caller.hooks.sorted() == ["a", "b", "c"])
        #expect(
            server.metrics.text.contains(
                "apiserver_admission_webhook_rejection_count{error_type=\"no_error\",name=\"b.example.com\",operation=\"CREATE\","
                    + "rejection_code=\"400\",type=\"validating\"} 1"))
    }

    @Test func `a new object is shown complete`() async throws {
        let server = try await WebhookServer(["a": Answer.allow])
        try await server.validating([WebhookServer.hook("a")])
        #expect(await server.test.send("POST", WebhookServer.maps, ["metadata": ["generateName": "g-"]]).status == 201)
        let request = try #require(server.caller.calls.first).request
        #expect(request[path: "object.metadata.uid"] != nil)
        #expect(request[path: "object.metadata.name"]?.stringValue?.hasPrefix("g-") == true)
        #expect(request["name"] == nil)
    }

    @Test func `a dry run is told`() async throws {
        let server = try await WebhookServer(["a": Answer.allow])
        try await server.validating([WebhookServer.hook("a", with: ["sideEffects": "NoneOnDryRun"])])
        #expect(await server.test.send("POST", WebhookServer.maps + "?dryRun=All", configMap("x")).status == 201)
        let request = try #require(server.caller.calls.first).request
        #expect(request["dryRun"] == true)
        #expect(request["options"]?["dryRun"] == ["All"])
    }

    @Test func `configurations of admission are shown to no webhook`() async throws {
        let server = try await WebhookServer(["a": Answer.deny(nil)])
        try await server.validating([WebhookServer.hook("a", resources: ["*", "*/*"])])
        try await server.mutating([WebhookServer.hook("a", resources: ["*", "*/*"])])
        #expect(await server.makeMap().status == 400)
        #expect(await server.test.send("DELETE", WebhookServer.group + "/validatingwebhookconfigurations/v").status == 200)
        #expect(await server.test.send("DELETE", WebhookServer.group + "/mutatingwebhookconfigurations/m").status == 200)
        #expect(await server.makeMap().status == 201)
    }

    @Test func `without a way to call webhooks their configurations are refused`() async throws {
        let test = try await TestServer(usesPlainRules: false, admission: DefaultAdmission.plugins)
        let made = await test.send(
            "POST", WebhookServer.group + "/mutatingwebhookconfigurations",
            ["metadata": ["name": "m"], "webhooks": [WebhookServer.hook("a")]])
        #expect(made.message.contains("MutatingWebhookConfiguration: this server calls no webhooks"))
    }

    @Test func `what webhooks say reaches the audit log`() async throws {
        let server = try await WebhookServer([
            "m": { request throws(WebhookCallError) in Answer.review(request, ["allowed": true, "auditAnnotations": ["k": "v"]]) },
            "v": Answer.plain(500, ""),
        ])
        try await server.mutating([WebhookServer.hook("m")])
        try await server.validating([WebhookServer.hook("v", with: ["failurePolicy": "Ignore"])])
        let annotations = AuditAnnotations()
        await AuditAnnotations.$current.withValue(annotations) { _ = await server.makeMap() }
        #expect(
            annotations.all == [
                "m.example.com/k": "v",
                "mutation.webhook.admission.k8s.io/round_0_index_0":
                    "{\"configuration\":\"m\",\"webhook\":\"m.example.com\",\"mutated\":false}",
                "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "v.example.com",
            ])
    }
}
