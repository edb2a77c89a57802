import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct NamespaceControllerTests {
    private typealias Map = KubernetesAPI.ConfigMap

    private func condition(_ bed: ClusterBed, _ type: String) async throws -> String {
        let namespace = try await bed.admin.resource(Namespace.self).get("ns2")
        return namespace.status.conditions.first { $0.type == type }.map { "\($0.status) \($0.reason ?? ""): \($0.message ?? "")" } ?? ""
    }

    @Test func `a namespace is emptied and goes, and says what holds it up, as recorded`() async throws {
        let bed = try await ClusterBed(namespaces: ["default", "ns2"])
        try await bed.run([NamespaceController.self]) {
            let maps = bed.admin.resource(Map.self, namespace: "ns2")
            let held = try await maps.create(owned("held", finalizers: ["example.com/hold"]))
            _ = try await maps.create(owned("free"))
            _ = try await bed.admin.resource(Secret.self, namespace: "ns2").create(Secret { $0.metadata.name = "sec" })
            try await bed.admin.resource(Namespace.self).delete("ns2")
            try await expectEventually("only what is held stays") { try await bed.names(Map.self, in: "ns2") == ["held"] }
            try await expectEventually("conditions") {
                try await condition(bed, "NamespaceFinalizersRemaining")
                    == "True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
            }
            #expect(
                try await condition(bed, "NamespaceContentRemaining")
                    == "True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances")
            #expect(
                try await condition(bed, "NamespaceDeletionContentFailure")
                    == "False ContentDeleted: All content successfully deleted, may be waiting on finalization")
            #expect(
                try await condition(bed, "NamespaceDeletionDiscoveryFailure")
                    == "False ResourcesDiscovered: All resources successfully discovered")
            #expect(
                try await condition(bed, "NamespaceDeletionGroupVersionParsingFailure")
                    == "False ParsedGroupVersions: All legacy kube types successfully parsed")
            _ = held
            _ = try await maps.patch("held", .merge, ["metadata": ["finalizers": .null]])
            try await expectEventually("the namespace is gone") { await bed.isGone(Namespace.self, "ns2", in: nil) }
        }
        #expect(bed.lines().last == "namespace-controller update namespaces/ns2/finalize")
        #expect(bed.reports.withLock { $0 } == [])
    }

    @Test func `pods go first, and nothing else before they are gone`() async throws {
        let bed = try await ClusterBed(namespaces: ["default", "ns2"])
        try await bed.run([NamespaceController.self]) {
            _ = try await bed.admin.resource(Map.self, namespace: "ns2").create(owned("used"))
            let pods = bed.admin.resource(Pod.self, namespace: "ns2")
            _ = try await pods.create(boundPod("p", node: "n1"))
            try await bed.admin.resource(Namespace.self).delete("ns2")
            try await expectEventually("the pod is marked") { try await pods.get("p").metadata.deletionTimestamp != nil }
            try await expectEventually("conditions") { try await condition(bed, "NamespaceContentRemaining").contains("pods. has 1") }
            #expect(try await bed.names(Map.self, in: "ns2") == ["used"])
            // As the node's agent does when the pod has ended.
            try await pods.delete("p", gracePeriodSeconds: 0)
            try await expectEventually("the namespace is gone") { await bed.isGone(Namespace.self, "ns2", in: nil) }
        }
    }

    @Test(arguments: 0..<6)
    func `cut off at any write, and begun anew, it comes to the same end`(count: Int) async throws {
        let bed = try await ClusterBed(namespaces: ["default", "ns2"])
        _ = try await bed.admin.resource(Map.self, namespace: "ns2").create(owned("a"))
        _ = try await bed.admin.resource(Secret.self, namespace: "ns2").create(Secret { $0.metadata.name = "sec" })
        try await bed.admin.resource(Namespace.self).delete("ns2")
        bed.writeLimit.withLock { $0 = count }
        try await bed.run([NamespaceController.self]) {
            try await expectEventually("cut off") {
                let isGone = await bed.isGone(Namespace.self, "ns2", in: nil)
                return bed.writeLimit.withLock { $0 == 0 } || isGone
            }
        }
        bed.writeLimit.withLock { $0 = nil }
        try await bed.run([NamespaceController.self]) {
            try await expectEventually("the namespace is gone") { await bed.isGone(Namespace.self, "ns2", in: nil) }
        }
    }
}
