import APIMachinery
@testable import APIServer
import Testing

@Suite struct MutatingWebhookTests {
    private static let label: JSONValue = [["op": "add", "path": "/metadata/labels", "value": ["seen": "yes"]]]

    @Test func `a review says who does what to which object`() async throws {
        let server = try await WebhookServer(["a": Answer.patch(Self.label)])
        try await server.mutating([WebhookServer.hook("a")])
        let made = await server.test.send("POST", WebhookServer.maps + "?fieldManager=me&fieldValidation=Strict", configMap("x"))
        #expect(made.status == 201)
        #expect(try made.json[path: "metadata.labels"] == ["seen": "yes"])
        let call = try #require(server.caller.calls.first)
        #expect(call.endpoint.url == "https://hooks.example.com/a?timeout=10s")
        #expect(call.endpoint.address == .init(host: "hooks.example.com", port: 443))
        var request = try #require(call.request.objectValue)
        #expect(request["uid"]?.stringValue?.utf8.count == 36)
        request["uid"] = nil
        var object = try #require(request["object"]?.objectValue)
        #expect(object.metadata["managedFields"]?.arrayValue?.count == 1)
        object.setMetadata("managedFields", nil)
        request["object"] = .object(object)
        let kind: JSONValue = ["group": "", "version": "v1", "kind": "ConfigMap"]
        let resource: JSONValue = ["group": "", "version": "v1", "resource": "configmaps"]
        #expect(
            JSONValue.object(request).serializedText()
                == JSONValue.object([
                    "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource, "name": "x",
                    "namespace": "default",
                    "operation": "CREATE",
                    "userInfo": ["username": "system:apiserver", "groups": ["system:masters", "system:authenticated"]],
                    "object": [
                        "kind": "ConfigMap", "apiVersion": "v1",
                        "metadata": ["name": "x", "namespace": "default", "creationTimestamp": nil], "data": ["a": "1"],
                    ],
                    "oldObject": nil, "dryRun": false,
                    "options": [
                        "kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me", "fieldValidation": "Strict",
                    ],
                ]).serializedText())
    }

    @Test func `a made up name is not shown, and one that is patched in counts`() async throws {
        let server = try await WebhookServer(["a": Answer.patch([["op": "add", "path": "/metadata/name", "value": "chosen"]])])
        try await server.mutating([WebhookServer.hook("a")])
        let made = await server.test.send("POST", WebhookServer.maps, ["metadata": ["generateName": "g-"]])
        #expect(try made.json[path: "metadata.name"] == "chosen")
        let request = try #require(server.caller.calls.first).request
        #expect(request["name"] == nil)
        #expect(request[path: "object.metadata.name"] == nil)
        #expect(request[path: "object.metadata.uid"] == nil)
        let named = try await WebhookServer(["a": Answer.allow])
        try await named.mutating([WebhookServer.hook("a")])
        let generated = try await named.test.json("POST", WebhookServer.maps, ["metadata": ["generateName": "g-"]])
        #expect(generated[path: "metadata.name"]?.stringValue?.hasPrefix("g-") == true)
        #expect(generated[path: "metadata.uid"] != nil)
    }

    @Test func `each sees what those before have done, by the names of configurations`() async throws {
        func step(_ name: String) -> ScriptedCaller.Script {
            { request throws(WebhookCallError) in
                let before = request["object"]?["data"]?["trace"]?.stringValue ?? ""
                return Answer.review(
                    request, Answer.patched([["op": "add", "path": "/data/trace", "value": .string(before + name)]]))
            }
        }
        let server = try await WebhookServer(["c": step("c"), "a": step("a"), "b": step("b")])
        try await server.mutating([WebhookServer.hook("c")], as: "z")
        try await server.mutating([WebhookServer.hook("a"), WebhookServer.hook("b")], as: "y")
        let made = await server.makeMap()
        #expect(try made.json[path: "data.trace"] == "abc")
        #expect(server.caller.hooks == ["a", "b", "c"])
    }

    @Test func `what a webhook adds gets its defaults`() async throws {
        let server = try await WebhookServer([
            "a": Answer.patch([["op": "add", "path": "/spec/containers/-", "value": ["name": "side", "image": "busybox:1"]]])
        ])
        try await server.mutating([WebhookServer.hook("a", resources: ["pods"])])
        let pod: JSONValue = ["metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "busybox:1"]]]]
        let made = try await server.test.create("/api/v1/namespaces/default/pods", pod)
        let side = try #require(made[path: "spec.containers"]?[1])
        #expect(side["terminationMessagePath"] == "/dev/termination-log")
        #expect(side["imagePullPolicy"] == "IfNotPresent")
        // The plugins of the server saw it too, in the second round.
        #expect(side["volumeMounts"]?[0]?["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
        #expect(made[path: "spec.volumes"]?.arrayValue?.count == 1)
    }

    @Test func `whoever asks for it is asked again after a later change, once`() async throws {
        let server = try await WebhookServer([
            "first": Answer.allow, "deaf": Answer.allow,
            "last": { request throws(WebhookCallError) in
                let count = request["object"]?["data"]?["n"]?.stringValue ?? ""
                return Answer.review(request, Answer.patched([["op": "add", "path": "/data/n", "value": .string(count + "+")]]))
            },
        ])
        try await server.mutating([
            WebhookServer.hook("first", with: ["reinvocationPolicy": "IfNeeded"]), WebhookServer.hook("deaf"),
            WebhookServer.hook("last", with: ["reinvocationPolicy": "IfNeeded"]),
        ])
        let made = await server.makeMap()
        #expect(server.caller.hooks == ["first", "deaf", "last", "first"])
        #expect(try made.json[path: "data.n"] == "+")
    }

    @Test func `nobody is asked again when nothing has changed`() async throws {
        let server = try await WebhookServer(["a": Answer.allow, "b": Answer.patch([])])
        try await server.mutating([
            WebhookServer.hook("a", with: ["reinvocationPolicy": "IfNeeded"]), WebhookServer.hook("b"),
        ])
        #expect(await server.makeMap().status == 201)
        #expect(server.caller.hooks == ["a", "b"])
    }

    @Test(arguments: [
        (
            [["op": "remove", "path": "/nowhere"]] as JSONValue, "Internal error occurred: "
        ),
        ([["op": "replace", "path": "/data", "value": 5]] as JSONValue, "Internal error occurred: json: cannot unmarshal number"),
        (["op": "add"] as JSONValue, "Internal error occurred: "),
    ])
    func `a patch that cannot be applied is the server's error`(patch: JSONValue, message: String) async throws {
        let server = try await WebhookServer(["a": Answer.patch(patch)])
        try await server.mutating([WebhookServer.hook("a", with: ["failurePolicy": "Ignore"])])
        let made = await server.makeMap()
        #expect(made.status == 500)
        #expect(made.message.hasPrefix(message), "\(made.message)")
    }

    @Test func `nothing can be patched into a deletion`() async throws {
        let server = try await WebhookServer(["a": Answer.patch(Self.label)])
        #expect(await server.makeMap().status == 201)
        try await server.mutating([WebhookServer.hook("a", operations: ["DELETE"])])
        let gone = await server.test.send("DELETE", WebhookServer.maps + "/a?gracePeriodSeconds=3")
        #expect(
            gone.message
                == "Internal error occurred: admission webhook \"a.example.com\" attempted to modify the object, "
                + "which is not supported for this operation")
        let request = try #require(server.caller.calls.first).request
        #expect(request["object"] == .null)
        #expect(request[path: "oldObject.metadata.name"] == "a")
        #expect(request["options"] == ["kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "gracePeriodSeconds": 3])
    }

    @Test func `a Scale is shown as one, and its number may be changed`() async throws {
        let server = try await WebhookServer(["a": Answer.patch([["op": "replace", "path": "/spec/replicas", "value": 3]])])
        let deployments = "/apis/apps/v1/namespaces/default/deployments"
        let pod: JSONValue = ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "i"]]]]
        try await server.test.create(
            deployments,
            ["metadata": ["name": "d"], "spec": ["replicas": 1, "selector": ["matchLabels": ["a": "b"]], "template": pod]])
        try await server.mutating([WebhookServer.hook("a", resources: ["*/scale"])])
        let answer = try await server.test.json(
            "PATCH", deployments + "/d/scale", ["spec": ["replicas": 7]], headers: ["Content-Type": "application/merge-patch+json"])
        #expect(answer[path: "spec.replicas"] == 3)
        let request = try #require(server.caller.calls.first).request
        #expect(request["kind"] == ["group": "autoscaling", "version": "v1", "kind": "Scale"])
        #expect(request["resource"]?["resource"] == "deployments")
        #expect(request["subResource"] == "scale")
        #expect(request[path: "object.kind"] == "Scale")
        #expect(request[path: "object.spec.replicas"] == 7)
        #expect(request[path: "oldObject.spec.replicas"] == 1)
    }

    @Test func `a binding and an eviction are seen once, as what they are`() async throws {
        let server = try await WebhookServer(["a": Answer.allow])
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = ["metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "busybox:1"]]]]
        try await server.test.create(pods, pod)
        try await server.mutating([WebhookServer.hook("a", resources: ["pods", "pods/*"])])
        #expect(await server.test.send("POST", pods + "/p/binding", ["target": ["kind": "Node", "name": "n"]]).status == 201)
        #expect(
            await server.test.send(
                "POST", pods + "/p/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "p"]]
            ).status == 201)
        let seen = server.caller.calls.map {
            "\($0.request["operation"]?.stringValue ?? "") \($0.request["subResource"]?.stringValue ?? "") "
                + ($0.request[path: "object.kind"]?.stringValue ?? "")
        }
        #expect(seen == ["CREATE binding Binding", "CREATE eviction Eviction"])
    }

    @Test func `a rule for another version of the same objects counts unless the match is to be exact`() async throws {
        let server = try await WebhookServer([
            "same": Answer.patch([["op": "replace", "path": "/spec/minReplicas", "value": 2]]), "exact": Answer.allow,
        ])
        func hook(_ name: String, _ policy: String) -> JSONValue {
            WebhookServer.hook(
                name,
                with: [
                    "matchPolicy": .string(policy),
                    "rules": [
                        [
                            "operations": ["*"], "apiGroups": ["autoscaling"], "apiVersions": ["v1"],
                            "resources": ["horizontalpodautoscalers"],
                        ]
                    ],
                ])
        }
        try await server.mutating([hook("same", "Equivalent"), hook("exact", "Exact")])
        let made = try await server.test.create(
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
            [
                "metadata": ["name": "h"],
                "spec": [
                    "scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "minReplicas": 1, "maxReplicas": 5,
                    "metrics": [
                        ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 50]]]
                    ],
                ],
            ])
        #expect(made["apiVersion"] == "autoscaling/v2")
        #expect(made[path: "spec.minReplicas"] == 2)
        #expect(made[path: "spec.metrics"]?[0]?["resource"]?["target"]?["averageUtilization"] == 50)
        #expect(server.caller.hooks == ["same"])
        let request = try #require(server.caller.calls.first).request
        #expect(request["kind"]?["version"] == "v1")
        #expect(request["requestKind"]?["version"] == "v2")
        #expect(request[path: "object.spec.targetCPUUtilizationPercentage"] == 50)
    }

    @Test func `the older version of a review is spoken to who asks for it`() async throws {
        let server = try await WebhookServer([
            "a": { request throws(WebhookCallError) in
                // Neither uid nor patchType are asked for there.
                Answer.review(
                    ["uid": "wrong"], ["allowed": true, "patch": .string(Base64Data(Self.label.serialized()).base64)], version: "v1beta1")
            }
        ])
        try await server.mutating([WebhookServer.hook("a", with: ["admissionReviewVersions": ["v2", "v1beta1", "v1"]])])
        let made = await server.makeMap()
        #expect(try made.json[path: "metadata.labels.seen"] == "yes")
        #expect(server.caller.calls.first?.review["apiVersion"] == "admission.k8s.io/v1beta1")
    }
}
