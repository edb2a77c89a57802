import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct DisruptionBudgetTests {
    private let now = Timestamp(seconds: 1000, nanoseconds: 0)

    @Test(arguments: [
        (DisruptionBudget.Rule.minAvailable(.int(2)), 10, 3, 3, 2),
        (.minAvailable(.string("50%")), 5, 3, 5, 3),
        (.minAvailable(.string("100%")), 4, 4, 4, 4),
        (.maxUnavailable(.int(1)), 5, 3, 5, 4),
        (.maxUnavailable(.int(9)), 5, 3, 5, 0),
        (.maxUnavailable(.string("30%")), 5, 3, 5, 3),
        (.maxUnavailable(.string("0%")), 5, 3, 5, 5),
    ])
    func `how many are expected and must be healthy`(
        rule: DisruptionBudget.Rule, scale: Int, pods: Int, expected: Int, desired: Int
    ) {
        let counts = rule.counts(scale: scale, pods: pods)
        #expect(counts.expected == expected && counts.desiredHealthy == desired)
    }

    private func pod(_ name: String, ready: Bool = true, deleted: Bool = false) -> Pod {
        boundPod(name, node: "n") {
            $0.status.conditions = [
                PodCondition {
                    $0.type = "Ready"
                    $0.status = ready ? "True" : "False"
                }
            ]
            if deleted { $0.metadata.deletionTimestamp = now }
        }
    }

    @Test func `evictions that were granted count until they are seen, or two minutes`() {
        let pods = [pod("a"), pod("b"), pod("c", deleted: true), pod("d", ready: false), pod("e")]
        let noted = ["a": now - .seconds(10), "c": now, "e": now - .seconds(121), "gone": now]
        let disrupted = DisruptionBudget.Disrupted(noted, pods, now: now)
        #expect(disrupted.pods.keys.sorted() == ["a"])
        #expect(disrupted.stayed.compactMap(\.metadata.name) == ["e"])
        #expect(disrupted.recheck == now + .seconds(110))
        #expect(DisruptionBudget.healthyCount(pods, disrupted) == 2)
    }

    @Test(arguments: [(3, 2, 3, 1, "True SufficientPods"), (3, 2, 2, 0, "False InsufficientPods"), (0, 0, 3, 0, "False InsufficientPods")])
    func `so many may go`(expected: Int, desired: Int, healthy: Int, allowed: Int, condition: String) {
        let status = DisruptionBudget.status(
            of: PodDisruptionBudget { $0.metadata.generation = 2 }, expected: expected, desiredHealthy: desired, healthy: healthy,
            disrupted: .init([:], [], now: now), now: now)
        #expect(status.disruptionsAllowed == Int32(allowed) && status.observedGeneration == 2)
        #expect(status.conditions.map { "\($0.status) \($0.reason)" } == [condition])
    }

    @Test func `a budget follows its pods, and the eviction API goes by it`() async throws {
        let bed = try await ClusterBed()
        try await bed.run([DisruptionController.self]) {
            let budgets = bed.admin.resource(PodDisruptionBudget.self, namespace: "default")
            _ = try await budgets.create(
                PodDisruptionBudget {
                    $0.metadata.name = "b"
                    $0.spec.minAvailable = .int(1)
                    $0.spec.selector = LabelSelector { $0.matchLabels = ["app": "x"] }
                })
            try await expectEventually("no pods") { try await bed.events("NoPods") == ["No matching pods found"] }
            for (index, name) in ["a", "b"].enumerated() {
                _ = try await bed.admin.resource(Pod.self, namespace: "default").create(boundPod(name, node: "n"))
                try await bed.setStatus(of: name, ip: "10.0.0.\(index + 1)", isReady: true)
            }
            func text() async throws -> String {
                let status = try await budgets.get("b").status
                let reason = status.conditions.first?.reason ?? ""
                return "\(status.expectedPods) \(status.currentHealthy)/\(status.desiredHealthy) \(status.disruptionsAllowed) \(reason)"
            }
            try await expectEventually("one may go") { try await text() == "2 2/1 1 SufficientPods" }
            #expect(await evict(bed, "a") == 201)
            try await expectEventually("none may go") { try await text() == "2 1/1 0 InsufficientPods" }
            try await expectEventually("the eviction is seen") { try await budgets.get("b").status.disruptedPods.isEmpty }
            let condition = try await bed.admin.resource(Pod.self, namespace: "default").get("a").status.conditions.first {
                $0.type == "DisruptionTarget"
            }
            #expect(condition?.reason == "EvictionByEvictionAPI" && condition?.message == "Eviction API: evicting")
            #expect(await evict(bed, "b") == 429)
            let source = try await bed.admin.resource(Event.self, namespace: "default").list().items.first { $0.reason == "NoPods" }
            #expect(source?.source.component == "controllermanager")
        }
    }

    private func evict(_ bed: ClusterBed, _ name: String) async -> Int {
        var request = APIRequest(method: "POST", path: "/api/v1/namespaces/default/pods/\(name)/eviction")
        request.headers["Content-Type"] = "application/json"
        let eviction: JSONValue = ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(name)]]
        request.body = eviction.serialized()
        do throws(ClientError) { _ = try await bed.admin.object(request) } catch { return Int(error.status?.code ?? 0) }
        return 201
    }
}
