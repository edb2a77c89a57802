import APIMachinery
@testable import Controllers
import KubernetesAPI
@testable import KubernetesClient
import Testing

struct AutoscalingTests {
    private static let now = Timestamp(seconds: 100_000, nanoseconds: 0)

    private func pod(_ name: String, request: Int64 = 100, phase: String = "Running", ready: Bool = true, age: Int64 = 1000) -> Pod {
        boundPod(name, node: "n") {
            $0.spec.containers[0].resources.requests = ["cpu": Quantity(milliValue: request)]
            $0.status.phase = phase
            $0.status.startTime = Self.now - .seconds(age)
            $0.status.conditions = [
                PodCondition {
                    $0.type = "Ready"
                    $0.status = ready ? "True" : "False"
                    $0.lastTransitionTime = Self.now - .seconds(age)
                }
            ]
        }
    }

    private func usages(_ values: [String: Int64]) -> [String: PodUsage] {
        values.mapValues { PodUsage(milliValue: $0, time: Self.now, window: .seconds(30)) }
    }

    private func calculator(_ target: MetricReplicas.Target, current: Int) -> MetricReplicas {
        MetricReplicas(
            resource: "cpu", container: nil, target: target, currentReplicas: current, tolerance: (0.1, 0.1), now: Self.now)
    }

    @Test(arguments: [
        (["a": 100, "b": 100] as [String: Int64], 2, 4),  // 100 % of a target of 50 %
        (["a": 50, "b": 50], 2, 2),
        (["a": 54, "b": 54], 2, 2),  // within the tolerance
        (["a": 10, "b": 10], 2, 1),
        (["a": 100], 2, 2),  // b is missing: it counts 0 when more are in question
        (["a": 10], 2, 2),  // and 100 % when fewer are
        (["a": 250], 2, 5),
    ])
    func `replicas follow from use and requests`(used: [String: Int64], current: Int, expected: Int) throws {
        let result = try calculator(.utilization(50), current: current).result([pod("a"), pod("b")], usages(used))
        #expect(result.replicas == expected)
    }

    @Test func `pods that have just begun or are going count little`() throws {
        let beginning = pod("b", ready: false, age: 20)
        var going = pod("c")
        going.metadata.deletionTimestamp = Self.now
        let result = try calculator(.utilization(50), current: 2).result(
            [pod("a"), beginning, going], usages(["a": 200, "b": 200, "c": 200]))
        // (200 + 0) of 200 requested: 100 % of a target of 50 %, for two pods.
        #expect(result.replicas == 4)
        #expect(result.utilization == 200)
    }

    @Test func `an average value needs no requests`() throws {
        let result = try calculator(.averageValue(milliValue: 100), current: 2).result([pod("a"), pod("b")], usages(["a": 300, "b": 100]))
        #expect(result.replicas == 4 && result.averageMilliValue == 200 && result.utilization == nil)
    }

    @Test func `what is missing is told`() {
        var bare = pod("a")
        bare.spec.containers[0].resources.requests = [:]
        let calculator = calculator(.utilization(50), current: 1)
        func message(_ pods: [Pod], _ used: [String: Int64]) -> String {
            do throws(MetricReplicas.Failure) { _ = try calculator.result(pods, usages(used)) } catch { return error.description }
            return ""
        }
        #expect(message([], [:]) == "no pods returned by selector while calculating replica count")
        #expect(message([pod("a")], [:]) == "did not receive metrics for targeted pods (pods might be unready)")
        #expect(message([bare], ["a": 1]) == "missing request for cpu in container c of Pod a")
    }

    private func outcome(
        _ behavior: HorizontalPodAutoscalerBehavior? = nil, current: Int, recommended: Int, before: [(Int, Int64)] = [],
        events: [(Int, Int64)] = [], bounds: ClosedRange<Int> = 1...100
    ) -> String {
        let result = ScalingBehavior(behavior).outcome(
            current: current, recommended: recommended,
            before: before.map { Recommendation(replicas: $0.0, time: Self.now - .seconds($0.1)) },
            events: events.map { ScaleEvent(change: $0.0, time: Self.now - .seconds($0.1)) }, bounds: bounds, now: Self.now)
        return "\(result.replicas) \(result.stabilization.reason) \(result.limit?.reason ?? "-")"
    }

    @Test func `without a behaviour it grows by 100 % or 4 pods in 15 s, and shrinks to the most of 300 s`() {
        #expect(outcome(current: 2, recommended: 50) == "6 ReadyForNewScale ScaleUpLimit")
        #expect(outcome(current: 10, recommended: 50) == "20 ReadyForNewScale ScaleUpLimit")
        #expect(outcome(current: 20, recommended: 50, events: [(10, 5)]) == "20 ReadyForNewScale ScaleUpLimit")
        #expect(outcome(current: 20, recommended: 50, events: [(10, 16)]) == "40 ReadyForNewScale ScaleUpLimit")
        #expect(outcome(current: 10, recommended: 2, before: [(8, 100), (10, 301)]) == "8 ScaleDownStabilized -")
        #expect(outcome(current: 10, recommended: 2) == "2 ReadyForNewScale -")
    }

    @Test func `bounds hold`() {
        #expect(outcome(current: 3, recommended: 5, bounds: 1...4) == "4 ReadyForNewScale TooManyReplicas")
        #expect(outcome(current: 3, recommended: 1, bounds: 2...4) == "2 ReadyForNewScale TooFewReplicas")
    }

    @Test func `a behaviour's policies and windows hold`() {
        let behavior = HorizontalPodAutoscalerBehavior {
            $0.scaleUp = HPAScalingRules {
                $0.stabilizationWindowSeconds = 60
                $0.selectPolicy = "Min"
                $0.policies = [
                    HPAScalingPolicy {
                        $0.type = "Pods"
                        $0.value = 1
                        $0.periodSeconds = 60
                    },
                    HPAScalingPolicy {
                        $0.type = "Percent"
                        $0.value = 200
                        $0.periodSeconds = 60
                    },
                ]
            }
            $0.scaleDown = HPAScalingRules { $0.selectPolicy = "Disabled" }
        }
        #expect(outcome(behavior, current: 2, recommended: 9) == "3 ReadyForNewScale ScaleUpLimit")
        #expect(outcome(behavior, current: 2, recommended: 9, before: [(2, 30)]) == "2 ScaleUpStabilized -")
        #expect(outcome(behavior, current: 5, recommended: 1) == "5 ReadyForNewScale ScaleDownLimit")
    }

    @Test func `replicas above the maximum are brought down, and missing metrics are told, as recorded`() async throws {
        let bed = try await ClusterBed()
        let time = SteppedTime()
        try await bed.run([Autoscaler.self], time: time) {
            let deployments = bed.admin.resource(Deployment.self, namespace: "default")
            _ = try await deployments.create(
                Deployment {
                    $0.metadata.name = "x"
                    $0.spec.replicas = 3
                    $0.spec.selector = LabelSelector { $0.matchLabels = ["app": "x"] }
                    $0.spec.template.metadata.labels = ["app": "x"]
                    $0.spec.template.spec.containers = boundPod("p").spec.containers
                })
            let autoscalers = bed.admin.resource(HorizontalPodAutoscaler.self, namespace: "default")
            _ = try await autoscalers.create(
                HorizontalPodAutoscaler {
                    $0.metadata.name = "h"
                    $0.spec.scaleTargetRef = CrossVersionObjectReference {
                        $0.apiVersion = "apps/v1"
                        $0.kind = "Deployment"
                        $0.name = "x"
                    }
                    $0.spec.minReplicas = 1
                    $0.spec.maxReplicas = 2
                    $0.spec.metrics = [
                        MetricSpec {
                            $0.type = "Resource"
                            $0.resource = ResourceMetricSource {
                                $0.name = "cpu"
                                $0.target = MetricTarget {
                                    $0.type = "Utilization"
                                    $0.averageUtilization = 50
                                }
                            }
                        }
                    ]
                })
            #expect(try await advancing(time, seconds: 40) { try await deployments.get("x").spec.replicas == 2 })
            try await expectEventually("status") {
                let status = try await autoscalers.get("h").status
                return status.currentReplicas == 3 && status.desiredReplicas == 2
                    && status.conditions.map { "\($0.type) \($0.reason ?? ""): \($0.message ?? "")" } == [
                        "AbleToScale SucceededRescale: the HPA controller was able to update the target scale to 2"
                    ]
            }
            // Nobody measures here: what the API server says of that stands at the end.
            let beginning =
                "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: "
            func missing() async throws -> String? {
                let found = try await autoscalers.get("h").status.conditions.first {
                    $0.type == "ScalingActive" && $0.status == "False" && $0.reason == "FailedGetResourceMetric"
                }
                return found?.message
            }
            #expect(try await advancing(time, seconds: 40) { try await missing()?.hasPrefix(beginning) == true })
            let cause = String(try await missing()?.dropFirst("the HPA was unable to compute the replica count: ".count) ?? "")
            try await expectEventually("events") {
                let rescaled = try await bed.events("SuccessfulRescale")
                let (failed, summary) = (
                    try await bed.events("FailedGetResourceMetric"), try await bed.events("FailedComputeMetricsReplicas")
                )
                return rescaled == ["New size: 2; reason: Current number of replicas above Spec.MaxReplicas"] && failed.contains(cause)
                    && summary.contains(
                        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: \(cause)")
            }
        }
    }
}
