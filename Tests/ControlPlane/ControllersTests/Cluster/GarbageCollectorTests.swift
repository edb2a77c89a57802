import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Storage
import Testing

struct GarbageCollectorTests {
    private typealias Map = KubernetesAPI.ConfigMap

    /// a owns b owns c, as in the recorded scenarios.
    private func chain(_ bed: ClusterBed) async throws -> [Map] {
        let maps = bed.admin.resource(Map.self, namespace: "default")
        let a = try await maps.create(owned("a"))
        let b = try await maps.create(owned("b", by: [a]))
        return [a, b, try await maps.create(owned("c", by: [b]))]
    }

    private func deletions(_ bed: ClusterBed) -> [String] {
        bed.writes.withLock { $0 }.filter { $0.user == "generic-garbage-collector" && $0.status < 400 }.map { write in
            switch write.verb {
            case "delete": "delete \(write.name) \(write.body?["propagationPolicy"]?.stringValue ?? "")"
            default: "\(write.verb) \(write.name) \(write.body?["metadata"]?.objectValue?.keys.joined(separator: ",") ?? "")"
            }
        }
    }

    @Test(arguments: [
        ("Background", ["delete b Background", "delete c Background"], [String]()),
        (
            "Foreground",
            [
                "delete b Foreground", "delete c Background", "patch b resourceVersion,finalizers",
                "patch a resourceVersion,finalizers",
            ], []
        ),
        ("Orphan", ["patch b uid,ownerReferences", "patch a resourceVersion,finalizers"], ["b", "c"]),
    ])
    func `a chain of owners is deleted as recorded`(policy: String, expected: [String], left: [String]) async throws {
        let bed = try await ClusterBed()
        try await bed.run([GarbageCollector.self]) {
            _ = try await chain(bed)
            try await bed.admin.resource(Map.self, namespace: "default").delete("a", propagationPolicy: policy)
            try await expectEventually("the chain is gone") { try await bed.names(Map.self, in: "default") == left }
            try await expectEventually("writes") { deletions(bed) == expected }
        }
        #expect(deletions(bed) == expected)
        #expect(bed.reports.withLock { $0 } == [])
    }

    @Test func `of two owners the reference to the one that goes is taken off, then the object goes with the other`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([GarbageCollector.self]) {
            let maps = bed.admin.resource(Map.self, namespace: "default")
            let (a, b) = (try await maps.create(owned("a")), try await maps.create(owned("b")))
            _ = try await maps.create(owned("d", by: [a, b]))
            try await maps.delete("a")
            try await expectEventually("the reference is gone") {
                try await maps.get("d").metadata.ownerReferences.map(\.name) == ["b"]
            }
            try await maps.delete("b")
            try await expectEventually("d is gone") { await bed.isGone(Map.self, "d") }
            var none = owned("none")
            none.metadata.uid = "0b4d1b2e-0000-4000-8000-000000000000"
            _ = try await maps.create(owned("e", by: [none]))
            try await expectEventually("e is gone") { await bed.isGone(Map.self, "e") }
        }
        #expect(deletions(bed) == ["patch d uid,ownerReferences", "delete d Background", "delete e Background"])
    }

    @Test func `a circle of owners goes`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([GarbageCollector.self]) {
            let maps = bed.admin.resource(Map.self, namespace: "default")
            var a = try await maps.create(owned("a"))
            let b = try await maps.create(owned("b", by: [a]))
            a.metadata.ownerReferences = owned("a", by: [b]).metadata.ownerReferences
            _ = try await maps.update(a)
            try await maps.delete("a", propagationPolicy: "Foreground")
            try await expectEventually("both are gone") { try await bed.names(Map.self, in: "default") == [] }
        }
    }

    @Test func `an owner in another namespace is none, and an event says so`() async throws {
        let bed = try await ClusterBed(namespaces: ["default", "other"])
        try await bed.run([GarbageCollector.self]) {
            let a = try await bed.admin.resource(Map.self, namespace: "other").create(owned("a"))
            _ = try await bed.admin.resource(Map.self, namespace: "default").create(owned("b", by: [a]))
            try await expectEventually("b is gone") { await bed.isGone(Map.self, "b") }
            let uid = a.metadata.uid ?? ""
            let text = "ownerRef [v1/ConfigMap, namespace: default, name: a, uid: \(uid)] does not exist in namespace \"default\""
            try await expectEventually("the event") {
                try await bed.admin.resource(Event.self, namespace: "default").list().items.contains {
                    $0.reason == "OwnerRefInvalidNamespace" && $0.message == text && $0.source.component == "garbage-collector-controller"
                }
            }
        }
    }

    @Test func `custom objects are collected, of kinds that come later too`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([GarbageCollector.self]) {
            try await defineWidgets(bed)
            let maps = bed.admin.resource(Map.self, namespace: "default")
            let dependents = bed.admin.metadata(of: widgets, namespace: "default")
            func isGone(_ name: String) async -> Bool {
                do throws(ClientError) { _ = try await dependents.get(name) } catch { return error.isNotFound }
                return false
            }
            var none = owned("none")
            none.metadata.uid = "0b4d1b2e-0000-4000-8000-000000000000"
            try await expectEventually("widgets are served") { await makeWidget(bed, "probe", owner: none) }
            try await expectEventually("the collector watches them") { await isGone("probe") }
            // Orphaning shows the patch for kinds that take no strategic merge patch.
            let owner = try await maps.create(owned("a"))
            #expect(await makeWidget(bed, "w", owner: owner))
            // Its watch brings them in order: with the later one's end the earlier one is known.
            #expect(await makeWidget(bed, "canary", owner: none))
            try await expectEventually("w is known") { await isGone("canary") }
            try await maps.delete("a", propagationPolicy: "Orphan")
            try await expectEventually("it is free") { try await dependents.get("w").metadata.ownerReferences.isEmpty }
            try await expectEventually("its owner is gone") { await bed.isGone(Map.self, "a") }
            let second = try await bed.admin.resource(Map.self, namespace: "default").create(owned("a2"))
            #expect(await makeWidget(bed, "w2", owner: second))
            try await bed.admin.resource(Map.self, namespace: "default").delete("a2")
            try await expectEventually("w2 is gone") { await isGone("w2") }
            #expect(try await dependents.get("w").metadata.name == "w")
        }
    }

    private var widgets: DiscoveredResource {
        DiscoveredResource(
            kind: GroupVersionKind(group: "example.com", version: "v1", kind: "Widget"), plural: "widgets", isNamespaced: true)
    }

    private func defineWidgets(_ bed: ClusterBed) async throws {
        var request = APIRequest(method: "POST", path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        request.headers["Content-Type"] = "application/json"
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "widgets.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced", "names": ["plural": "widgets", "singular": "widget", "kind": "Widget"],
                "versions": [["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]],
            ],
        ]
        request.body = definition.serialized()
        _ = try await bed.admin.object(request)
    }

    private func makeWidget(_ bed: ClusterBed, _ name: String, owner: Map) async -> Bool {
        var request = APIRequest(method: "POST", path: "/apis/example.com/v1/namespaces/default/widgets")
        request.headers["Content-Type"] = "application/json"
        let references = owned(name, by: [owner]).metadata.ownerReferences.map(\.json)
        let widget: JSONValue = [
            "apiVersion": "example.com/v1", "kind": "Widget",
            "metadata": ["name": .string(name), "ownerReferences": .array(references)],
        ]
        request.body = widget.serialized()
        do throws(ClientError) { _ = try await bed.admin.object(request) } catch { return error.isAlreadyExists }
        return true
    }

    @Test(arguments: ["Background", "Foreground"], 0..<5)
    func `cut off at any write, and begun anew, it comes to the same end`(policy: String, count: Int) async throws {
        let bed = try await ClusterBed()
        let maps = bed.admin.resource(Map.self, namespace: "default")
        let all = try await chain(bed)
        _ = try await maps.create(owned("d", by: [all[0], all[2]]))
        _ = try await maps.create(owned("stays"))
        try await maps.delete("a", propagationPolicy: policy)
        bed.writeLimit.withLock { $0 = count }
        try await bed.run([GarbageCollector.self]) {
            try await expectEventually("cut off") {
                let names = try await bed.names(Map.self, in: "default")
                return bed.writeLimit.withLock { ($0 ?? 0) <= 0 } || names == ["stays"]
            }
        }
        bed.writeLimit.withLock { $0 = nil }
        try await bed.run([GarbageCollector.self]) {
            try await expectEventually("the end") { try await bed.names(Map.self, in: "default") == ["stays"] }
        }
    }
}
