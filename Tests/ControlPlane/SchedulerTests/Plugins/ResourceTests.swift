import APIMachinery
import KubernetesAPI
import Testing

@testable import Scheduler

struct ResourceTests {
    /// Containers 100m + 200m; sidecar 50m; init containers as they are listed.
    @Test(
        arguments: [
            ([], 300),
            ([("init", false, "250m")], 300),
            ([("init", false, "1")], 1000),
            ([("side", true, "50m")], 350),
            ([("side", true, "50m"), ("init", false, "300m")], 350),
            ([("side", true, "50m"), ("init", false, "400m")], 450),
            ([("init", false, "400m"), ("side", true, "50m")], 400),
            ([("side", true, "50m"), ("side2", true, "70m"), ("init", false, "310m")], 430),
        ] as [([(String, Bool, String)], Int64)])
    func `init containers and sidecars count by the moment when most run`(inits: [(String, Bool, String)], milliCPU: Int64) {
        func container(_ name: String, _ cpu: String) -> JSONValue {
            ["name": .string(name), "image": "i", "resources": ["requests": ["cpu": .string(cpu)]]]
        }
        let initContainers = inits.map { name, isSidecar, cpu in
            isSidecar ? container(name, cpu).merging(["restartPolicy": "Always"]) : container(name, cpu)
        }
        let pod = Make.pod(
            "p", spec: ["containers": [container("a", "100m"), container("b", "200m")], "initContainers": .array(initContainers)])
        #expect(pod.requests.milliCPU == milliCPU)
    }

    @Test func `overhead comes on top and requests of the pod stand for the sum`() {
        let pod = Make.pod("p", requests: ["cpu": "1", "memory": "1Gi"], spec: ["overhead": ["cpu": "250m"]])
        #expect(pod.requests.milliCPU == 1250 && pod.requests.memoryBytes == 1 << 30)
        let whole = Make.pod(
            "q", requests: ["cpu": "1", "memory": "1Gi"], spec: ["resources": ["requests": ["cpu": "3"]], "overhead": ["cpu": "250m"]])
        #expect(whole.requests.milliCPU == 3250 && whole.requests.memoryBytes == 1 << 30)
    }

    @Test func `while a container is resized the larger amount counts, unless that can not be had`() {
        let status: JSONValue = [
            "containerStatuses": [["name": "c", "allocatedResources": ["cpu": "1"], "resources": ["requests": ["cpu": "1"]]]]
        ]
        #expect(Make.pod("p", requests: ["cpu": "2"], more: ["status": status]).requests.milliCPU == 2000)
        #expect(Make.pod("p", requests: ["cpu": "500m"], more: ["status": status]).requests.milliCPU == 1000)
        let infeasible = status.merging([
            "conditions": [["type": "PodResizePending", "status": "True", "reason": "Infeasible"]]
        ])
        #expect(Make.pod("p", requests: ["cpu": "2"], more: ["status": infeasible]).requests.milliCPU == 1000)
    }

    @Test func `a container without requests weighs a little in scores alone`() {
        let pod = Make.pod("p")
        #expect(pod.requests.isZero && pod.nonZeroMilliCPU == 100 && pod.nonZeroMemoryBytes == 200 << 20)
        let half = Make.pod("q", requests: ["cpu": "0"])
        #expect(half.nonZeroMilliCPU == 0 && half.nonZeroMemoryBytes == 200 << 20)
    }

    @Test func `each lack is a reason, and what the whole node has not is final`() {
        let cluster = Make.cluster(
            [Make.node("a", cpu: "2", memory: "1Gi"), Make.node("full", pods: "0"), Make.node("tiny", cpu: "1", memory: "1Gi")],
            [(Make.pod("there", requests: ["cpu": "1500m"]), "a")])
        let pod = Make.pod("p", requests: ["cpu": "1500m", "memory": "2Gi", "example.com/x": "1"])
        #expect(
            refusals(NodeResourcesFit(), pod, cluster) == [
                "a": "Insufficient cpu, Insufficient memory, Insufficient example.com/x",
                "full": "Too many pods, Insufficient example.com/x",
                "tiny": "Insufficient cpu, Insufficient memory, Insufficient example.com/x",
            ])
        let small = Make.pod("q", requests: ["cpu": "1"])
        guard case .check(let filter, _) = NodeResourcesFit().preFilter(small, cluster) else {
            Issue.record("no filter")
            return
        }
        let codes = cluster.order.map { filter.refusal(on: $0, cluster)?.code }
        #expect(codes == [.unschedulable, .unschedulable, nil])
        #expect(filter.detail(on: cluster.order[0], cluster) == "cpu: asks for 1000m, 500m of 2000m are free")
    }

    @Test(
        arguments: [
            // cpu 1 of 4, memory 2 Gi of 8 Gi in use; the pod asks for 1 and 2 Gi: half is left of both.
            (ScoringStrategy.leastAllocated(), 50), (.mostAllocated(), 50),
            (.leastAllocated([.init("cpu", weight: 3), .init("memory", weight: 1)]), 50),
            (.requestedToCapacityRatio(shape: [.init(utilization: 0, score: 0), .init(utilization: 100, score: 10)]), 50),
            (.requestedToCapacityRatio(shape: [.init(utilization: 0, score: 10), .init(utilization: 100, score: 0)]), 50),
            (.requestedToCapacityRatio(shape: [.init(utilization: 40, score: 0), .init(utilization: 60, score: 10)]), 50),
        ] as [(ScoringStrategy, Int64)])
    func `a node that will be half full gets half the points`(strategy: ScoringStrategy, points: Int64) {
        let cluster = Make.cluster([Make.node("a")], [(Make.pod("there", requests: ["cpu": "1", "memory": "2Gi"]), "a")])
        let pod = Make.pod("p", requests: ["cpu": "1", "memory": "2Gi"])
        #expect(scores(NodeResourcesFit(strategy: strategy), pod, cluster) == ["a": points])
    }

    @Test func `least allocated by hand`() {
        // a: cpu (4000-1000-3000)/4000 = 0, memory (8Gi-1Gi-2Gi)/8Gi = 62; b: cpu (8000-1000)/8000 = 87, memory (2-1)/2 = 50.
        let cluster = Make.cluster(
            [Make.node("a"), Make.node("b", cpu: "8", memory: "2Gi")],
            [(Make.pod("there", requests: ["cpu": "3", "memory": "2Gi"]), "a")])
        let pod = Make.pod("p", requests: ["cpu": "1", "memory": "1Gi"])
        #expect(scores(NodeResourcesFit(), pod, cluster) == ["a": 31, "b": 68])
        #expect(scores(NodeResourcesFit(strategy: .mostAllocated()), pod, cluster) == ["a": 68, "b": 31])
    }

    @Test func `balance by hand`() {
        // a: cpu 1.0, memory 3/8 = 0.375: 1 - 0.3125 = 68; b: cpu 0.125, memory 0.5: 1 - 0.1875 = 81.
        let cluster = Make.cluster(
            [Make.node("a"), Make.node("b", cpu: "8", memory: "2Gi")],
            [(Make.pod("there", requests: ["cpu": "3", "memory": "2Gi"]), "a")])
        #expect(scores(BalancedAllocation(), Make.pod("p", requests: ["cpu": "1", "memory": "1Gi"]), cluster) == ["a": 68, "b": 81])
        #expect(scores(BalancedAllocation(), Make.pod("q"), cluster) == [:])
        #expect(abs(BalancedAllocation.Scorer.deviation([0.1, 0.5, 0.9]) - 0.32659863) < 1e-6)
    }

    @Test func `a broken line is flat outside and straight between its points`() {
        let shape = [(10, 2), (50, 10), (90, 0)].map { ScoringStrategy.Point(utilization: $0.0, score: $0.1) }
        let expected: [(Int64, Int64)] = [(0, 20), (10, 20), (30, 60), (50, 100), (70, 50), (90, 0), (100, 0)]
        for (utilization, score) in expected { #expect(AllocationScorer.line(shape, at: utilization) == score) }
    }
}
