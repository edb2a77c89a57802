import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct QuotaTests {
    @Test(arguments: [
        ("requests.cpu", ["pods"]), ("limits.memory", ["pods"]), ("memory", ["pods"]), ("pods", ["pods"]), ("configmaps", ["configmaps"]),
        ("count/deployments.apps", ["deployments.apps"]), ("count/secrets", ["secrets"]), ("services.nodeports", ["services"]),
        ("requests.storage", ["persistentvolumeclaims"]), ("x.storageclass.storage.k8s.io/requests.storage", ["persistentvolumeclaims"]),
        ("requests.nvidia.com/gpu", ["pods"]), ("nonsense", []),
    ])
    func `a quota's names say what is counted`(name: String, expected: [String]) {
        #expect(QuotaCount.resources(of: [name]) == Set(expected))
    }

    @Test func `what is used is counted, and given back, as recorded`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([QuotaController.self]) {
            let quotas = bed.admin.resource(ResourceQuota.self, namespace: "default")
            func used() async throws -> String {
                let used = try await quotas.get("q").status.used
                return used.keys.sorted().map { "\($0)=\(used[$0] ?? .zero)" }.joined(separator: " ")
            }
            let maps = bed.admin.resource(KubernetesAPI.ConfigMap.self, namespace: "default")
            _ = try await maps.create(owned("one"))
            _ = try await maps.create(owned("two"))
            _ = try await quotas.create(
                ResourceQuota {
                    $0.metadata.name = "q"
                    $0.spec.hard = [
                        "pods": Quantity(2), "requests.cpu": Quantity(milliValue: 100), "configmaps": Quantity(3), "services": Quantity(1),
                    ]
                })
            try await expectEventually("counted") { try await used() == "configmaps=2 pods=0 requests.cpu=0 services=0" }
            let pods = bed.admin.resource(Pod.self, namespace: "default")
            for name in ["a", "b"] {
                _ = try await pods.create(
                    boundPod(name, node: "n") { $0.spec.containers[0].resources.requests = ["cpu": Quantity(milliValue: 40)] })
            }
            #expect(try await used() == "configmaps=2 pods=2 requests.cpu=80m services=0")
            try await bed.setStatus(of: "a", phase: "Succeeded")
            try await expectEventually("an ended pod does not count") {
                try await used() == "configmaps=2 pods=1 requests.cpu=40m services=0"
            }
            try await pods.delete("b", gracePeriodSeconds: 0)
            try await maps.delete("two")
            try await expectEventually("what is gone does not count") {
                try await used() == "configmaps=1 pods=0 requests.cpu=0 services=0"
            }
        }
        #expect(bed.reports.withLock { $0 } == [])
    }
}
