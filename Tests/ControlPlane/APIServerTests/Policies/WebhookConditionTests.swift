import APIMachinery
@testable import APIServer
import Testing

/// matchConditions of webhooks.
@Suite struct WebhookConditionTests {
    private static func conditions(_ expressions: [String]) -> JSONValue {
        .array(expressions.enumerated().map { ["name": .string("c\($0)"), "expression": .string($1)] })
    }

    static let cases: [([String], Bool)] = [
        (["object.metadata.name == 'a'", "request.operation == 'CREATE'"], true),
        (["object.metadata.name == 'a'", "object.metadata.name == 'skip-me'"], false),
        // One that is false decides, though another cannot be judged.
        (["object.data.zz == ''", "false"], false),
        (["authorizer.requestResource.check('create').allowed()"], true),
    ]

    @Test(arguments: cases.indices)
    func `a webhook is asked only about what its conditions let through`(index: Int) async throws {
        let (expressions, isAsked) = Self.cases[index]
        let server = try await WebhookServer(["a": Answer.allow, "b": Answer.patch([["op": "add", "path": "/data/b", "value": "1"]])])
        try await server.validating([WebhookServer.hook("a", with: ["matchConditions": Self.conditions(expressions)])])
        try await server.mutating([WebhookServer.hook("b", with: ["matchConditions": Self.conditions(expressions)])])
        let made = await server.makeMap()
        #expect(made.status == 201)
        #expect(Set(server.caller.hooks) == (isAsked ? ["a", "b"] : []))
        #expect(try made.json["data"]?["b"] == (isAsked ? "1" : nil))
    }

    @Test func `conditions that cannot be judged refuse, or leave the webhook out`() async throws {
        let server = try await WebhookServer(["a": Answer.allow])
        let broken = Self.conditions(["object.data.zz == ''"])
        try await server.validating([WebhookServer.hook("a", with: ["matchConditions": broken])])
        let refused = await server.makeMap()
        #expect(refused.status == 403)
        #expect(
            refused.message
                == "configmaps \"a\" is forbidden: expression 'object.data.zz == ''' resulted in error: no such key: zz")
        let path = WebhookServer.group + "/validatingwebhookconfigurations/v"
        let patched = await server.test.send(
            "PATCH", path, ["webhooks": [WebhookServer.hook("a", with: ["matchConditions": broken, "failurePolicy": "Ignore"])]],
            headers: PolicyServer.merge)
        #expect(patched.status == 200)
        #expect(await server.makeMap().status == 201)
        #expect(server.caller.hooks.isEmpty)
    }

    @Test(arguments: ["foo(", "1", "object.metadata.name == "])
    func `a condition that is no expression is refused`(expression: String) async throws {
        let server = try await WebhookServer([:])
        let hook = WebhookServer.hook("a", with: ["matchConditions": Self.conditions([expression])])
        for plural in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
            let made = await server.test.send(
                "POST", WebhookServer.group + "/" + plural, ["metadata": ["name": "v"], "webhooks": [hook]])
            #expect(made.status == 422)
            #expect(made.message.contains("webhooks[0].matchConditions[0].expression: Invalid value: \(expression.quoted): "))
            #expect(made.headers.all("Warning").isEmpty)
        }
    }
}
