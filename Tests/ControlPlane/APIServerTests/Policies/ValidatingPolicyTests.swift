import APIMachinery
@testable import APIServer
import Testing

@Suite struct ValidatingPolicyTests {
    typealias Case = (validation: JSONValue, more: JSONObject, status: Int, message: String)
    static let denied = "ValidatingAdmissionPolicy 'p' with binding 'p-b' denied request: "

    static let cases: [Case] = [
        (["expression": "has(object.data.a)"], [:], 201, ""),
        (["expression": " has(object.data.b) "], [:], 422, "failed expression: has(object.data.b)"),
        (["expression": "has(object.data.b)", "message": " no b "], [:], 422, "no b"),
        (
            ["expression": "false", "message": "m", "messageExpression": "'a is ' + object.data.a", "reason": "Forbidden"], [:], 403,
            "a is 1"
        ),
        (["expression": "false", "message": "m", "messageExpression": "string(object.data.zz)"], [:], 422, "m"),
        (["expression": "false", "message": "m", "messageExpression": "'two\\nlines'"], [:], 422, "m"),
        (["expression": "false", "reason": "RequestEntityTooLarge"], [:], 413, "failed expression: false"),
        (
            ["expression": "object.data.b == '1'"], [:], 422, "expression 'object.data.b == '1'' resulted in error: no such key: b"
        ),
        (["expression": "object.data.b == '1'"], ["failurePolicy": "Ignore"], 201, ""),
        (["expression": "false"], ["matchConditions": [["name": "c", "expression": "object.metadata.name != 'x'"]]], 201, ""),
        (
            ["expression": "true"], ["matchConditions": [["name": "c", "expression": "object.data.zz == ''"]]], 422,
            "expression 'object.data.zz == ''' resulted in error: no such key: zz"
        ),
        (
            ["expression": "false"],
            ["failurePolicy": "Ignore", "matchConditions": [["name": "c", "expression": "object.data.zz == ''"]]], 201, ""
        ),
        (
            ["expression": "variables.both == '1!'"],
            [
                "variables": [
                    ["name": "a", "expression": "object.data.a"], ["name": "both", "expression": "variables.a + '!'"],
                    ["name": "never", "expression": "object.data.zz"],
                ]
            ], 201, ""
        ),
        (
            ["expression": "variables.b == 1"], ["variables": [["name": "b", "expression": "object.data.zz"]]], 422,
            "expression 'variables.b == 1' resulted in error: composited variable \"b\" fails to evaluate: no such key: zz"
        ),
        (["expression": "request.operation == 'CREATE' && request.kind.kind == 'ConfigMap' && oldObject == null"], [:], 201, ""),
        (["expression": "request.userInfo.username == 'system:apiserver' && !request.dryRun"], [:], 201, ""),
        (["expression": "namespaceObject.metadata.name == 'default'"], [:], 201, ""),
        (["expression": "authorizer.requestResource.check('create').allowed()"], [:], 201, ""),
        (
            ["expression": "authorizer.group('apps').resource('deployments').namespace('default').check('get').allowed()"], [:], 201, ""
        ),
        (["expression": "authorizer.path('/healthz').check('get').allowed()"], [:], 201, ""),
    ]

    @Test(arguments: cases.indices)
    func `a write has to satisfy a policy that is bound`(index: Int) async throws {
        let (validation, more, status, message) = Self.cases[index]
        let server = try await PolicyServer()
        try await server.make(PolicyServer.policy("p", [validation], more), PolicyServer.binding("p"))
        let answer = await server.send(["a": "1"])
        #expect(answer.status == status, "\(answer.text)")
        guard status != 201 else { return }
        let whole = Self.denied + message
        #expect(answer.message == "configmaps \"x\" is forbidden: " + whole)
        let json = try answer.json
        #expect(json["reason"]?.stringValue == (validation["reason"]?.stringValue ?? "Invalid"))
        #expect(json["details"]?["causes"] == [["message": .string(whole)]])
    }

    @Test func `a policy that nobody binds, or for others, holds nothing up`() async throws {
        let server = try await PolicyServer()
        try await server.test.create(
            "\(PolicyServer.group)/validatingadmissionpolicies", PolicyServer.policy("p", [["expression": "false"]]))
        #expect(await server.send([:]).status == 201)
        try await server.test.create(
            "\(PolicyServer.group)/validatingadmissionpolicybindings",
            PolicyServer.binding("p", ["Deny"], ["matchResources": ["objectSelector": ["matchLabels": ["strict": "yes"]]]]))
        #expect(await server.send([:], name: "y").status == 201)
        #expect(await server.send([:], name: "z", labels: ["strict": "yes"]).status == 422)
        _ = await server.test.send("DELETE", "\(PolicyServer.group)/validatingadmissionpolicybindings/p-b")
        #expect(await server.send([:], name: "z", labels: ["strict": "yes"]).status == 201)
    }

    static let constraints: [(JSONObject, Bool)] = [
        (JSONObject(), true),
        (["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "kube-system"]]], false),
        (["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "default"]]], true),
        (["objectSelector": ["matchLabels": ["a": "b"]]], false),
        (
            [
                "excludeResourceRules": [
                    [
                        "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["configmaps"],
                        "resourceNames": ["x"],
                    ]
                ]
            ], false
        ),
        (
            [
                "resourceRules": [
                    [
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
                        "resourceNames": ["other"],
                    ]
                ]
            ], false
        ),
    ]

    @Test(arguments: constraints.indices)
    func `constraints say which writes a policy is about`(index: Int) async throws {
        let (more, isDenied) = Self.constraints[index]
        var policy = PolicyServer.policy("p", [["expression": "false"]])
        for member in more.members { policy["spec"]?["matchConstraints"]?[member.key] = member.value }
        let server = try await PolicyServer()
        try await server.make(policy, PolicyServer.binding("p"))
        #expect(await server.send([:]).status == (isDenied ? 422 : 201))
    }

    @Test func `a violation may only be warned of, and written down`() async throws {
        let server = try await PolicyServer()
        let audit = AuditAnnotations()
        try await server.make(
            PolicyServer.policy(
                "p", [["expression": "true"], ["expression": "false", "message": "oh"]],
                ["auditAnnotations": [["key": "name", "valueExpression": "'it is ' + object.metadata.name"]]]),
            PolicyServer.binding("p", ["Warn", "Audit"]))
        let answer = await AuditAnnotations.$current.withValue(audit) { await server.send([:]) }
        #expect(answer.status == 201)
        #expect(
            answer.headers.all("Warning") == ["299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': oh\""])
        #expect(audit.all["p/name"] == "it is x")
        let failures = try JSONValue(parsing: audit.all["validation.policy.admission.k8s.io/validation_failure"] ?? "")
        #expect(
            failures == [
                [
                    "message": "oh", "policy": "p", "binding": "p-b", "expressionIndex": 1, "validationActions": ["Warn", "Audit"],
                ]
            ])
    }

    static let references: [(JSONValue, Int, String)] = [
        (["name": "limits", "parameterNotFoundAction": "Deny"], 422, "failed expression: size(object.data) <= int(params.data.max)"),
        (["name": "none", "parameterNotFoundAction": "Allow"], 201, ""),
        (
            ["name": "none", "parameterNotFoundAction": "Deny"], 422,
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
        ),
        (["selector": ["matchLabels": ["use": "yes"]], "parameterNotFoundAction": "Deny"], 422, "failed expression: size"),
        (["selector": ["matchLabels": ["use": "no"]], "parameterNotFoundAction": "Allow"], 201, ""),
        (["name": "limits", "namespace": "kube-system", "parameterNotFoundAction": "Allow"], 201, ""),
    ]

    @Test(arguments: references.indices)
    func `parameters are found by name or by labels`(index: Int) async throws {
        let (reference, status, message) = Self.references[index]
        let server = try await PolicyServer()
        #expect(await server.send(["max": "1"], name: "limits", labels: ["use": "yes"]).status == 201)
        try await server.make(
            PolicyServer.policy(
                "p", [["expression": "size(object.data) <= int(params.data.max)"]],
                ["paramKind": ["apiVersion": "v1", "kind": "ConfigMap"]]),
            PolicyServer.binding("p", ["Deny"], ["paramRef": reference]))
        let answer = await server.send(["a": "1", "b": "2"])
        #expect(answer.status == status, "\(answer.text)")
        if status != 201 {
            #expect(answer.message.hasPrefix("configmaps \"x\" is forbidden: \(Self.denied)\(message)"), "\(answer.message)")
        }
    }

    @Test func `a kind of parameters that there is not`() async throws {
        let server = try await PolicyServer()
        try await server.make(
            PolicyServer.policy("p", [["expression": "true"]], ["paramKind": ["apiVersion": "example.com/v1", "kind": "Limit"]]),
            PolicyServer.binding("p"))
        #expect(
            await server.send([:]).message == "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: "
                + "failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'")
    }

    @Test func `what is deleted is judged as it was, and a policy may always be mended`() async throws {
        let server = try await PolicyServer()
        #expect(await server.send(["keep": "yes"]).status == 201)
        var policy = PolicyServer.policy("p", [["expression": "object == null && !has(oldObject.data.keep)", "message": "kept"]])
        policy["spec"]?["matchConstraints"]?["resourceRules"] = [
            ["apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]]
        ]
        try await server.make(policy, PolicyServer.binding("p"))
        let refused = await server.test.send("DELETE", PolicyServer.maps + "/x")
        #expect(refused.status == 422)
        #expect(refused.message.hasSuffix(": kept"))
        #expect(await server.test.send("DELETE", "\(PolicyServer.group)/validatingadmissionpolicybindings/p-b").status == 200)
        #expect(await server.test.send("DELETE", PolicyServer.maps + "/x").status == 200)
    }

    static let mistakes: [(JSONObject, String)] = [
        (
            ["validations": [["expression": "1"]]],
            "spec.validations[0].expression: Invalid value: \"1\": must evaluate to bool but got int"
        ),
        (
            ["validations": [["expression": "true", "messageExpression": "1"]]],
            "spec.validations[0].messageExpression: Invalid value: \"1\": must evaluate to string but got int"
        ),
        (
            ["validations": [["expression": "params.x == 1"]]],
            "spec.validations[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference "
                + "to 'params' (in container '')\n | params.x == 1\n | ^"
        ),
        (["variables": [["name": "a", "expression": "variables.b"], ["name": "b", "expression": "1"]]], "spec.variables[0].expression"),
        (["matchConditions": [["name": "c", "expression": "object.x ="]]], "spec.matchConditions[0].expression"),
        (["auditAnnotations": [["key": "a", "valueExpression": "1"]]], "spec.auditAnnotations[0].valueExpression"),
    ]

    @Test(arguments: mistakes.indices)
    func `an expression that is none is refused`(index: Int) async throws {
        let (more, text) = Self.mistakes[index]
        let server = try await PolicyServer()
        let answer = await server.test.send(
            "POST", "\(PolicyServer.group)/validatingadmissionpolicies", PolicyServer.policy("p", [["expression": "true"]], more))
        #expect(answer.status == 422)
        #expect(answer.message.contains(text), "\(answer.message)")
    }

    @Test func `expressions are checked against the kinds they are about`() async throws {
        let server = try await PolicyServer()
        var policy = PolicyServer.policy(
            "p",
            [
                ["expression": "object.spec.replicas > 1"],
                ["expression": "object.replicas > 1", "messageExpression": "string(object.metadata.nam)"],
            ])
        policy["spec"]?["matchConstraints"]?["resourceRules"] = [
            ["apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]]
        ]
        let path = "\(PolicyServer.group)/validatingadmissionpolicies"
        let made = try await server.test.create(path, policy)
        #expect(made[path: "status.observedGeneration"] == 1)
        let warnings = try #require(made[path: "status.typeChecking.expressionWarnings"]?.arrayValue)
        #expect(warnings.map { $0["fieldRef"] } == ["spec.validations[1].expression", "spec.validations[1].messageExpression"])
        #expect(
            warnings.first?["warning"]?.stringValue?.hasPrefix("apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'")
                == true, "\(warnings)")
        #expect(try await server.test.json("GET", path + "/p") == made)
        let mended = try await server.test.json(
            "PATCH", path + "/p", ["spec": ["validations": [["expression": "object.spec.replicas > 1"]]]], headers: PolicyServer.merge)
        #expect(mended["status"] == ["observedGeneration": 2, "typeChecking": [:]])
    }
}
