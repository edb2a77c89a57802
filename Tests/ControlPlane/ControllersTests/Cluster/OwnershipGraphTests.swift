import APIMachinery
@testable import Controllers
import KubernetesAPI
import KubernetesClient
import Testing

struct OwnershipGraphTests {
    private static let maps = DiscoveredResource(
        kind: GroupVersionKind(group: "", version: "v1", kind: "ConfigMap"), plural: "configmaps", isNamespaced: true)

    private func object(
        _ name: String, owners: [String] = [], namespace: String = "ns", blocking: Bool = true, finalizers: [String]? = nil
    ) -> OwnedObject {
        var metadata = ObjectMeta()
        metadata.name = name
        metadata.uid = name
        metadata.namespace = namespace
        metadata.ownerReferences = owners.map { reference($0, blocking: blocking) }
        if let finalizers {
            metadata.finalizers = finalizers
            metadata.deletionTimestamp = Timestamp(seconds: 1, nanoseconds: 0)
        }
        return OwnedObject(Self.maps, metadata)
    }

    private func reference(_ name: String, blocking: Bool = true) -> OwnerReference {
        OwnerReference {
            $0.apiVersion = "v1"
            $0.kind = "ConfigMap"
            $0.name = name
            $0.uid = name
            $0.blockOwnerDeletion = blocking
        }
    }

    @Test func `a dependent whose owner is there needs no look, one whose owner is not does`() {
        var graph = OwnershipGraph()
        #expect(graph.put(object("a")) == [])
        #expect(graph.put(object("b", owners: ["a"])) == [])
        #expect(graph.put(object("c", owners: ["x"])) == [.examine(uid: "c")])
    }

    @Test func `the end of an owner brings its dependents`() {
        var graph = OwnershipGraph()
        _ = graph.put(object("a"))
        _ = graph.put(object("b", owners: ["a"]))
        _ = graph.put(object("c", owners: ["a"]))
        #expect(graph.remove("a") == [.examine(uid: "b"), .examine(uid: "c")])
        #expect(graph.remove("a") == [])
    }

    @Test func `an owner of another namespace is reported and is none`() {
        var graph = OwnershipGraph()
        _ = graph.put(object("a", namespace: "other"))
        let consequences = graph.put(object("b", owners: ["a"]))
        #expect(consequences == [.examine(uid: "b"), .reportInvalidNamespace(uid: "b", owner: reference("a"))])
    }

    @Test func `an owner that waits for its dependents is looked at when one goes or lets it go`() {
        for letsGo in [false, true] {
            var graph = OwnershipGraph()
            _ = graph.put(object("a"))
            _ = graph.put(object("b", owners: ["a"]))
            #expect(
                graph.put(object("a", finalizers: ["foregroundDeletion"])) == [.examine(uid: "b"), .examine(uid: "a")])
            #expect(graph.blockers(of: "a").map(\.uid) == ["b"])
            let consequences = letsGo ? graph.put(object("b", owners: ["a"], blocking: false)) : graph.remove("b")
            #expect(consequences.contains(.examine(uid: "a")))
            #expect(graph.blockers(of: "a").isEmpty)
        }
    }

    @Test func `what was lost sight of is gone after a new list`() {
        var graph = OwnershipGraph()
        _ = graph.replace(Self.maps, with: [object("a"), object("b", owners: ["a"])])
        #expect(graph.replace(Self.maps, with: [object("b", owners: ["a"])]) == [.examine(uid: "b")])
        #expect(graph.objects.keys.sorted() == ["b"])
    }

    @Test(arguments: [
        ([OwnerStanding.solid], false, [], OwnershipDecision.keep),
        ([.absent], false, [], .delete(propagationPolicy: "Background", unblocksOwners: false)),
        ([.absent], false, ["orphan"], .delete(propagationPolicy: "Orphan", unblocksOwners: false)),
        ([.absent], true, ["foregroundDeletion"], .delete(propagationPolicy: "Foreground", unblocksOwners: false)),
        ([.solid, .absent], false, [], .strip(uids: ["1"])),
        ([.awaitsDependents, .solid], true, [], .strip(uids: ["0"])),
        ([.awaitsDependents], true, [], .delete(propagationPolicy: "Foreground", unblocksOwners: false)),
        ([.awaitsDependents], false, [], .delete(propagationPolicy: "Background", unblocksOwners: false)),
        ([.awaitsDependents, .absent], true, [], .delete(propagationPolicy: "Foreground", unblocksOwners: false)),
        ([], true, [], .keep),
    ])
    func `what becomes of an object follows from its owners`(
        standings: [OwnerStanding], hasDependents: Bool, finalizers: [String], expected: OwnershipDecision
    ) {
        let owners = standings.enumerated().map { (reference: reference("\($0.offset)"), standing: $0.element) }
        #expect(
            OwnershipDecision(owners: owners, dependents: hasDependents ? [object("d")] : [], finalizers: finalizers) == expected)
    }

    @Test func `a circle is opened before it is deleted`() {
        let decision = OwnershipDecision(
            owners: [(reference("a"), .awaitsDependents)], dependents: [object("d", finalizers: ["foregroundDeletion"])], finalizers: [])
        #expect(decision == .delete(propagationPolicy: "Foreground", unblocksOwners: true))
    }
}
