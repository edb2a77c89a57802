import APIMachinery
import KubernetesAPI
import Testing

@testable import Controllers

struct ReplicaDecisionTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func pod(_ name: String, _ change: (inout Pod) -> Void = { _ in }) -> Pod {
        var pod = Pod {
            $0.metadata.name = name
            $0.metadata.uid = name
            $0.metadata.creationTimestamp = now - .seconds(1000)
            $0.spec.nodeName = "node-\(name)"
            $0.status.phase = "Running"
            $0.status.conditions = [
                PodCondition {
                    $0.type = "Ready"; $0.status = "True"; $0.lastTransitionTime = now - .seconds(900)
                }
            ]
        }
        change(&pod)
        return pod
    }

    private static let reasons: [@Sendable (inout Pod) -> Void] = [
        { $0.spec.nodeName = nil },
        { $0.status.phase = "Pending" },
        { $0.status.conditions = [] },
        { $0.metadata.annotations[DeletionRank.costAnnotation] = "-5" },
        { $0.status.conditions[0].lastTransitionTime = Timestamp(seconds: 1_799_999_990) },
        { $0.status.containerStatuses = [ContainerStatus { $0.restartCount = 3 }] },
        { $0.metadata.creationTimestamp = Timestamp(seconds: 1_799_999_999) },
    ]

    @Test(arguments: reasons.indices)
    func `what is missed least goes first`(_ index: Int) {
        let victims = DeletionRank.victims(
            among: [pod("a"), pod("b"), pod("z", Self.reasons[index])], count: 1, related: [], at: now)
        #expect(victims.map(\.metadata.name) == ["z"])
    }

    @Test func `of many on one node one goes`() {
        let shared = ["a", "b"].map { pod($0) { $0.spec.nodeName = "n" } }
        let victims = DeletionRank.victims(among: [pod("0")] + shared, count: 1, related: [pod("0")] + shared, at: now)
        #expect(["a", "b"].contains(victims.first?.metadata.name))
    }

    @Test func `a hash does not depend on the order of labels, but on the content`() {
        let one = template(["a": "1", "b": "2"])
        #expect(TemplateHash.of(one, collisionCount: nil) == TemplateHash.of(template(["b": "2", "a": "1"]), collisionCount: nil))
        #expect(TemplateHash.of(one, collisionCount: nil) != TemplateHash.of(one, collisionCount: 1))
        #expect(TemplateHash.of(one, collisionCount: nil) != TemplateHash.of(template(value: "2"), collisionCount: nil))
        // The same for ever: a change would start every Deployment anew after an upgrade.
        #expect(TemplateHash.safe("4096") == "84fb")
        #expect(TemplateHash.fnv1a(Array("hello".utf8)) == 0x4F9F_2CAB)
    }

    private func set(_ name: String, _ replicas: Int32, max: Int = 13, age: Int64) -> ReplicaSet {
        ReplicaSet {
            $0.metadata.name = name
            $0.metadata.creationTimestamp = now - .seconds(age)
            $0.metadata.annotations[DeploymentNames.maxReplicas] = "\(max)"
            $0.spec.replicas = replicas
        }
    }

    /// The example of the documentation: 10 replicas, surge 3, 8 old and 5 new; scaled to 15, with 18 at most.
    @Test(
        arguments: [
            (15, 13, [11, 7]), (10, 13, [8, 5]), (5, 13, [5, 3]), (0, 13, [0, 0]),
        ] as [(Int32, Int, [Int])])
    func `a change of size is shared out in proportion`(_ replicas: Int32, _ max: Int, _ expected: [Int]) {
        let sized = deployment(replicas) {
            $0.spec.strategy.type = "RollingUpdate"
            $0.spec.strategy.rollingUpdate = RollingUpdateDeployment {
                $0.maxSurge = .int(3); $0.maxUnavailable = .int(2)
            }
        }
        let sizes = DeploymentProportions(sized, [set("old", 8, max: max, age: 100), set("new", 5, max: max, age: 10)]).sizes
        #expect(sizes.sorted { $0.set.metadata.name ?? "" > $1.set.metadata.name ?? "" }.map(\.replicas) == expected)
    }

    @Test func `neither surge nor lack would never move: one may lack`() {
        let stuck = deployment(3) {
            $0.spec.strategy.rollingUpdate = RollingUpdateDeployment {
                $0.maxSurge = .string("0%"); $0.maxUnavailable = .string("10%")
            }
        }
        #expect(stuck.maxSurge == 0)
        #expect(stuck.maxUnavailable == 1)
    }
}
