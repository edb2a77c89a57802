import APIMachinery
import CRI
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct QoSTests {
    @Test(arguments: [(0, 2), (1, 2), (100, 102), (250, 256), (500, 512), (1_000, 1_024), (1_000_000, 262_144)])
    func `shares`(milliCPU: Int64, shares: Int64) { #expect(CPUArithmetic.shares(milliCPU: milliCPU) == shares) }

    @Test(arguments: [(0, 0), (1, 1_000), (10, 1_000), (50, 5_000), (500, 50_000), (2_500, 250_000)])
    func `quota`(milliCPU: Int64, quota: Int64) { #expect(CPUArithmetic.quota(milliCPU: milliCPU) == quota) }

    @Test(arguments: [(2, 1), (1_024, 39), (262_144, 10_000)])
    func `weights of pods`(shares: Int64, weight: Int64) { #expect(CPUArithmetic.linearWeight(shares: shares) == weight) }

    @Test(
        arguments: [
            (QoSClass.guaranteed, false, 0, -997), (.burstable, true, 0, -997), (.bestEffort, false, 0, 1_000), (.burstable, false, 0, 999),
            (.burstable, false, 1 << 30, 875), (.burstable, false, 8 << 30, 3), (.burstable, false, 1, 999),
        ] as [(QoSClass, Bool, Int64, Int64)])
    func `out-of-memory scores on 8 GiB`(qosClass: QoSClass, critical: Bool, request: Int64, score: Int64) {
        #expect(
            OOMScore.adjustment(qosClass: qosClass, isNodeCritical: critical, memoryRequestBytes: request, nodeMemoryBytes: 8 << 30)
                == score)
    }

    private typealias Amounts = [String: String]
    private func pod(_ containers: [(requests: Amounts, limits: Amounts)], sidecars: [(requests: Amounts, limits: Amounts)] = []) -> Pod {
        makePod("p", containers: containers.indices.map { "c\($0)" }) { pod in
            for (index, container) in containers.enumerated() {
                pod.spec.containers[index].resources.requests = quantities(container.requests)
                pod.spec.containers[index].resources.limits = quantities(container.limits)
            }
            pod.spec.initContainers = sidecars.enumerated().map { index, amounts in
                var sidecar = makeSidecar("s\(index)")
                sidecar.resources.requests = quantities(amounts.requests)
                sidecar.resources.limits = quantities(amounts.limits)
                return sidecar
            }
        }
    }

    @Test func `classes`() {
        let both = ["cpu": "1", "memory": "1Gi"]
        #expect(QoSClass(of: pod([([:], [:])])) == .bestEffort)
        #expect(QoSClass(of: pod([(["cpu": "1"], [:])])) == .burstable)
        #expect(QoSClass(of: pod([(both, both)])) == .guaranteed)
        #expect(QoSClass(of: pod([([:], both)])) == .guaranteed)
        #expect(QoSClass(of: pod([(["cpu": "500m", "memory": "1Gi"], both)])) == .burstable)
        #expect(QoSClass(of: pod([(both, both), ([:], [:])])) == .burstable)
        #expect(QoSClass(of: pod([(both, both)], sidecars: [([:], [:])])) == .burstable)
        #expect(QoSClass(of: pod([([:], ["cpu": "1"])])) == .burstable)
        #expect(QoSClass(of: pod([(["cpu": "0"], [:])])) == .bestEffort)
        #expect(QoSClass(of: pod([(["nvidia.com/gpu": "1"], ["nvidia.com/gpu": "1"])])) == .bestEffort)
    }

    @Test func `a pod's cgroup`() {
        let configuration = KubeletConfiguration()
        let burstable = PodCgroup(
            pod([(["cpu": "250m", "memory": "64Mi"], ["cpu": "1", "memory": "128Mi"]), (["cpu": "250m"], ["memory": "128Mi"])]),
            configuration)
        #expect(burstable.path == "kubepods/burstable/podp")
        #expect(burstable.cpuShares == 512)
        #expect(burstable.cpuQuota == nil)  // one container has no limit
        #expect(burstable.memoryBytes == 256 << 20)
        let guaranteed = PodCgroup(pod([(["cpu": "500m", "memory": "1Gi"], ["cpu": "500m", "memory": "1Gi"])]), configuration)
        #expect(guaranteed.path == "kubepods/podp")
        #expect(guaranteed.cpuQuota == 50_000)
        #expect(PodCgroup(pod([([:], [:])]), configuration).cpuShares == 2)
    }

    @Test func `init containers count with the sidecars before them`() {
        var pod = pod([(["cpu": "100m"], [:])])
        pod.spec.initContainers = [
            makeContainer("i1") { $0.resources.requests = quantities(["cpu": "500m"]) },
            makeSidecar("s").with { $0.resources.requests = quantities(["cpu": "200m"]) },
            makeContainer("i2") { $0.resources.requests = quantities(["cpu": "400m"]) },
        ]
        pod.spec.overhead = quantities(["cpu": "10m"])
        #expect(PodResources.requests(pod).milliValue("cpu") == 610)
    }

    @Test func `what a container gets`() {
        var configuration = KubeletConfiguration()
        configuration.node.memoryBytes = 8 << 30
        configuration.node.hugePages = [2 << 20: 0, 1 << 30: 0]
        let pod = pod([(["cpu": "250m", "memory": "1Gi"], ["cpu": "5m", "memory": "2Gi", "hugepages-2Mi": "4Mi"])])
        let resources = LinuxContainerResources(pod.spec.containers[0], in: pod, configuration)
        #expect(resources.cpuShares == 256)
        #expect(resources.cpuQuota == 1_000)
        #expect(resources.cpuPeriod == 100_000)
        #expect(resources.memoryLimitInBytes == 2 << 30)
        #expect(resources.memorySwapLimitInBytes == 2 << 30)
        #expect(resources.oomScoreAdj == 875)
        #expect(resources.hugepageLimits == [.init(pageSize: "2MB", limit: 4 << 20), .init(pageSize: "1GB", limit: 0)])
        #expect(resources.unified == ["memory.oom.group": "1"])
    }

    @Test func `a sidecar is not killed before those that it serves`() {
        var configuration = KubeletConfiguration()
        configuration.node.memoryBytes = 8 << 30
        let pod = pod([(["memory": "4Gi"], [:])], sidecars: [(["memory": "64Mi"], [:])])
        #expect(LinuxContainerResources(pod.spec.initContainers[0], in: pod, configuration).oomScoreAdj == 500)
    }
}

extension Container {
    func with(_ change: (inout Container) -> Void) -> Container {
        var copy = self
        change(&copy)
        return copy
    }
}

@Suite struct SwapLimitTests {
    private static func pod(_ requests: [String: String], _ limits: [String: String] = [:], priority: Int32? = nil) -> Pod {
        makePod("p") { pod in
            pod.spec.priority = priority
            pod.spec.containers[0].resources.requests = quantities(requests)
            pod.spec.containers[0].resources.limits = quantities(limits)
        }
    }

    private static let cases: [(Pod, Int64)] = [
        (pod(["memory": "1Gi"]), 512 << 20), (pod(["memory": "1Gi"], ["memory": "2Gi"]), 512 << 20), (pod([:]), 0),
        (pod(["cpu": "1"]), 0), (pod(["memory": "1Gi", "cpu": "1"], ["memory": "1Gi", "cpu": "1"]), 0),
        (pod(["memory": "1Gi"], ["memory": "1Gi"]), 0), (pod(["memory": "1Gi"], priority: 2_000_000_000), 0),
    ]

    @Test(arguments: cases) func `burstable containers get the share of swap that their request is of memory`(pod: Pod, expected: Int64) {
        var configuration = KubeletConfiguration()
        configuration.node.memoryBytes = 4 << 30
        configuration.node.identity.swapBytes = 2 << 30
        #expect(SwapLimit.bytes(pod.spec.containers[0], in: pod, configuration) == nil)
        configuration.hasLimitedSwap = true
        #expect(SwapLimit.bytes(pod.spec.containers[0], in: pod, configuration) == expected)
        let resources = LinuxContainerResources(pod.spec.containers[0], in: pod, configuration)
        #expect(resources.unified["memory.swap.max"] == "\(expected)")
        #expect(resources.memorySwapLimitInBytes == 0)
    }
}
