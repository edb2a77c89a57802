import APIMachinery
import APIServer
import Testing

@Suite struct WritingTests {
    let maps = "/api/v1/namespaces/default/configmaps"
    let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]

    @Test func `creation is refused where it cannot be`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        let again = await test.send("POST", maps, configMap("a"))
        #expect(again.status == 409)
        #expect(try again.json["message"] == #"configmaps "a" already exists"#)
        let nowhere = await test.send("POST", "/api/v1/namespaces/nope/configmaps", configMap("a"))
        #expect(nowhere.status == 404)
        #expect(try nowhere.json["message"] == #"namespaces "nope" not found"#)
        let bad = await test.send("POST", maps, configMap("A_b"))
        #expect(bad.status == 422)
    }

    /// The official Python client sends a strategic merge patch wherever it may.
    @Test func `the scale of a built-in kind takes a strategic merge patch`() async throws {
        let test = try await TestServer(usesPlainRules: false)
        let deployments = "/apis/apps/v1/namespaces/default/deployments"
        try await test.create(
            deployments,
            [
                "metadata": ["name": "web"],
                "spec": [
                    "selector": ["matchLabels": ["a": "b"]],
                    "template": ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "main", "image": "i"]]]],
                ],
            ])
        let headers: HTTPHeaders = ["Content-Type": "application/strategic-merge-patch+json"]
        let response = await test.send("PATCH", deployments + "/web/scale", ["spec": ["replicas": 4]], headers: headers)
        #expect(response.status == 200, "\(response.text)")
        #expect(try response.json[path: "spec.replicas"] == 4)
    }

    @Test func `a generated name is new`() async throws {
        let test = try await TestServer()
        let body: JSONValue = ["metadata": ["generateName": "gen-"]]
        let one = try await test.create(maps, body)[path: "metadata.name"]?.stringValue ?? ""
        let other = try await test.create(maps, body)[path: "metadata.name"]?.stringValue ?? ""
        #expect(one.hasPrefix("gen-") && one.count == 9)
        #expect(one != other)
    }

    @Test func `a dry run writes nothing`() async throws {
        let test = try await TestServer()
        let before = test.storage.currentRevision
        let response = await test.send("POST", maps + "?dryRun=All", configMap("a"))
        #expect(response.status == 201)
        #expect(test.storage.currentRevision == before)
    }

    @Test func `unknown and duplicate fields warn or refuse`() async throws {
        let test = try await TestServer()
        let text = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1","a":"2"},"unknown1":1}"#
        let warned = await test.send("POST", maps + "?dryRun=All", text: text)
        #expect(warned.status == 201)
        #expect(warned.headers.all("Warning") == [#"299 - "duplicate field \"data.a\"""#, #"299 - "unknown field \"unknown1\"""#])
        let refused = await test.send("POST", maps + "?dryRun=All&fieldValidation=Strict", text: text)
        #expect(refused.status == 400)
        #expect(
            try refused.json["message"]
                == #"ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", unknown field "unknown1""#
        )
    }

    @Test func `an update needs the version it was made from`() async throws {
        let test = try await TestServer()
        var object = try await test.create(maps, configMap("a"))
        object["data"] = ["a": "2"]
        let updated = await test.send("PUT", maps + "/a", object)
        #expect(updated.status == 200)
        let again = await test.send("PUT", maps + "/a", object)
        #expect(again.status == 409)
        #expect(
            try again.json["message"]
                == #"Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again"#
        )
        object["metadata"]?["resourceVersion"] = nil
        #expect(await test.send("PUT", maps + "/a", object).status == 200)
        #expect(await test.send("PUT", maps + "/missing", configMap("missing")).status == 404)
    }

    @Test func `a write that changes nothing is none`() async throws {
        let test = try await TestServer()
        let made = try await test.create(maps, configMap("a"))
        let before = test.storage.currentRevision
        let same = try await test.json("PUT", maps + "/a", made)
        #expect(same == made)
        #expect(test.storage.currentRevision == before)
    }

    @Test func `patches at the same time all take effect`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a", data: [:]))
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                group.addTask {
                    _ = await test.send("PATCH", maps + "/a", ["data": .object(["k\(index)": "v"])], headers: merge)
                }
            }
        }
        let object = try await test.json("GET", maps + "/a")
        #expect(object["data"]?.objectValue?.count == 30)
    }

    @Test func `a graceful pod is marked, shortened, gone`() async throws {
        let test = try await TestServer()
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = [
            "metadata": ["name": "p"], "spec": ["nodeName": "n", "terminationGracePeriodSeconds": 30],
        ]
        try await test.create(pods, pod)
        let watch = try await test.watch(pods + "?watch=1&resourceVersion=\(test.storage.currentRevision)")
        let marked = try await test.json("DELETE", pods + "/p")
        #expect(marked[path: "metadata.deletionGracePeriodSeconds"] == 30)
        #expect(marked[path: "metadata.generation"] == 2)
        _ = await test.send("DELETE", pods + "/p?gracePeriodSeconds=100")
        _ = await test.send("DELETE", pods + "/p?gracePeriodSeconds=5")
        _ = await test.send("DELETE", pods + "/p?gracePeriodSeconds=0")
        let events = await watch.events(4)
        #expect(events.map(\.eventText) == ["MODIFIED p", "MODIFIED p", "MODIFIED p", "DELETED p"])
        #expect(events[1][path: "object.metadata.deletionGracePeriodSeconds"] == 5)
        #expect(await test.send("GET", pods + "/p").status == 404)
    }

    @Test func `finalizers hold an object`() async throws {
        let test = try await TestServer()
        var object = configMap("f")
        object["metadata"]?["finalizers"] = ["a.b/c"]
        try await test.create(maps, object)
        let marked = try await test.json("DELETE", maps + "/f")
        #expect(marked[path: "metadata.deletionTimestamp"] != nil)
        let again = await test.send("POST", maps, configMap("f"))
        #expect(try again.json["message"] == #"object is being deleted: configmaps "f" already exists"#)
        #expect(await test.send("PATCH", maps + "/f", ["metadata": ["finalizers": nil]], headers: merge).status == 200)
        #expect(await test.send("GET", maps + "/f").status == 404)
    }

    @Test func `propagation adds finalizers for the collector`() async throws {
        let test = try await TestServer()
        try await test.create(maps, configMap("a"))
        let body: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"]
        let marked = try await test.json("DELETE", maps + "/a", body)
        #expect(marked[path: "metadata.finalizers"] == ["foregroundDeletion"])
        let wrong: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "abc"]]
        #expect(await test.send("DELETE", maps + "/a", wrong).status == 409)
    }

    @Test func `a namespace waits for its finalizers`() async throws {
        let test = try await TestServer()
        let spaces = "/api/v1/namespaces"
        try await test.create(spaces, ["metadata": ["name": "going"]])
        let marked = try await test.json("DELETE", spaces + "/going")
        #expect(marked[path: "status.phase"] == "Terminating")
        let refused = await test.send("POST", spaces + "/going/configmaps", configMap("x"))
        #expect(refused.status == 403)
        #expect(try refused.json[path: "details.causes"]?[0]?["reason"] == "NamespaceTerminating")
        #expect(await test.send("DELETE", spaces + "/default").status == 403)
        let done = await test.send("PUT", spaces + "/going/finalize", ["metadata": ["name": "going"], "spec": ["finalizers": []]])
        #expect(done.status == 200)
        #expect(await test.send("GET", spaces + "/going").status == 404)
    }

    @Test func `a collection is deleted by selector`() async throws {
        let test = try await TestServer()
        for name in ["a", "b"] { try await test.create(maps, configMap(name, labels: ["g": "1"])) }
        try await test.create(maps, configMap("c"))
        let answer = try await test.json("DELETE", maps + "?labelSelector=g%3D1")
        #expect(answer["items"]?.arrayValue?.count == 2)
        #expect(try await test.json("GET", maps)["items"]?.arrayValue?.count == 1)
    }

    @Test func `binding gives a pod to one node`() async throws {
        let test = try await TestServer()
        let pods = "/api/v1/namespaces/default/pods"
        try await test.create(pods, ["metadata": ["name": "p"], "spec": [:]])
        let binding: JSONValue = [
            "apiVersion": "v1", "kind": "Binding", "metadata": ["name": "p"], "target": ["kind": "Node", "name": "n"],
        ]
        #expect(await test.send("POST", pods + "/p/binding", binding).status == 201)
        let pod = try await test.json("GET", pods + "/p")
        #expect(pod[path: "spec.nodeName"] == "n")
        #expect(pod[path: "metadata.generation"] == 1)
        #expect(pod[path: "status.conditions"]?[0]?["type"] == "PodScheduled")
        let again = await test.send("POST", pods + "/p/binding", binding)
        #expect(try again.json["message"] == #"Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n""#)
    }
}
