import APIMachinery
import KubernetesAPI
import Testing

@testable import Kubelet

private let configuration: KubeletConfiguration = {
    var configuration = KubeletConfiguration()
    configuration.node.milliCPU = 2_000
    configuration.node.memoryBytes = 1 << 30
    configuration.node.ephemeralStorageBytes = 1 << 30
    configuration.node.maxPods = 3
    configuration.node.reserve(.nothing)
    return configuration
}()

private let node = Node { node in
    node.metadata.name = "n"
    node.metadata.labels = ["zone": "a", "size": "7"]
    node.spec.taints = [
        Taint {
            $0.key = "gone"
            $0.effect = "NoExecute"
        },
        Taint {
            $0.key = "full"
            $0.effect = "NoSchedule"
        },
    ]
    node.status.allocatable = quantities(["example.com/foo": "2"])
}

private func pod(_ change: (inout Pod) -> Void = { _ in }) -> Pod {
    makePod("p") { pod in
        pod.spec.tolerations = [Toleration { $0.operator = "Exists" }]
        change(&pod)
    }
}

private func requesting(_ resources: [String: String]) -> Pod { pod { $0.spec.containers[0].resources.requests = quantities(resources) } }

private func requiring(_ key: String, _ kind: String, _ values: String...) -> Pod {
    pod { pod in
        let requirement = NodeSelectorRequirement {
            $0.key = key
            $0.operator = kind
            $0.values = values
        }
        let term = NodeSelectorTerm { term in
            if key == "metadata.name" { term.matchFields = [requirement] } else { term.matchExpressions = [requirement] }
        }
        pod.spec.affinity = Affinity {
            $0.nodeAffinity = NodeAffinity {
                $0.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector { $0.nodeSelectorTerms = [term] }
            }
        }
    }
}

private let affinity = "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"

/// What a node refuses, by its object and by what it has taken.
struct NodeAdmissionTests {
    @Test(
        arguments: [
            (pod(), nil),
            (
                requesting(["cpu": "1000"]),
                "OutOfcpu: Node didn't have enough resource: cpu, requested: 1000000, used: 500, capacity: 2000"
            ),
            (
                requesting(["memory": "2Gi"]),
                "OutOfmemory: Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824"
            ),
            (
                requesting(["ephemeral-storage": "2Gi"]),
                "OutOfephemeral-storage: Node didn't have enough resource: ephemeral-storage, requested: 2147483648, used: 0, capacity: 1073741824"
            ),
            (
                requesting(["example.com/foo": "3"]),
                "OutOfexample.com/foo: Node didn't have enough resource: example.com/foo, requested: 3, used: 0, capacity: 2"
            ),
            (requesting(["example.com/other": "3"]), nil),
            (pod { $0.spec.nodeSelector = ["zone": "a"] }, nil),
            (pod { $0.spec.nodeSelector = ["zone": "b"] }, affinity),
            (requiring("zone", "In", "a", "b"), nil),
            (requiring("zone", "NotIn", "a"), affinity),
            (requiring("size", "Gt", "6"), nil),
            (requiring("size", "Lt", "7"), affinity),
            (requiring("metadata.name", "In", "n"), nil),
            (requiring("metadata.name", "In", "m"), affinity),
            (requiring("zone", "Near", "a"), affinity),
            (
                pod { $0.spec.tolerations = [] },
                "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
            ),
            (
                pod { pod in
                    pod.spec.tolerations = []
                    pod.metadata.annotations["kubernetes.io/config.source"] = "file"
                }, nil
            ),
            (
                pod { $0.spec.os = PodOS { $0.name = "windows" } },
                "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS"
            ),
        ] as [(Pod, String?)])
    func `a pod is judged`(pod: Pod, expected: String?) {
        let others = [requesting(["cpu": "500m"])]
        let rejection = Admission.judge(pod, others: others, configuration, node: node)
        #expect(rejection.map { "\($0.reason): \($0.message)" } == expected)
    }

    @Test func `a node takes so many pods and no more`() {
        let others = [pod(), pod(), pod()]
        let rejection = Admission.judge(pod(), others: others, configuration, node: node)
        #expect(rejection?.message == "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3")
        #expect(Admission.judge(pod(), others: Array(others.dropLast()), configuration, node: node) == nil)
    }
}

struct CriticalPreemptionTests {
    private static func pod(_ name: String, _ requests: [String: String] = [:], priority: Int32? = nil, limited: Bool = false) -> Pod {
        makePod(name) { pod in
            pod.spec.priority = priority
            pod.spec.containers[0].resources.requests = quantities(requests)
            if limited { pod.spec.containers[0].resources.limits = quantities(requests) }
        }
    }

    private static let roomy: KubeletConfiguration = {
        var roomy = configuration
        roomy.node.maxPods = 10
        return roomy
    }()

    private static let guaranteed = pod("guaranteed", ["cpu": "600m", "memory": "100Mi"], limited: true)
    private static let small = pod("small", ["cpu": "200m"])
    private static let large = pod("large", ["cpu": "900m"])

    @Test(arguments: [
        (["cpu": "300m"], CriticalPreemption.Plan.preempt([])), (["cpu": "400m"], .preempt(["small"])),
        (["cpu": "600m"], .preempt(["large"])),
        (["cpu": "1300m"], .preempt(["large", "small"])), (["cpu": "1900m"], .preempt(["guaranteed", "large", "small"])),
        (
            ["cpu": "2100m"],
            .impossible(
                "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: "
                    + "no set of running pods found to reclaim resources: [(res: cpu, q: 100), ]")
        ),
    ]) func `as few and as unimportant pods as will do`(requests: [String: String], expected: CriticalPreemption.Plan) {
        let critical = Self.pod("critical", requests, priority: 2_000_000_000)
        #expect(CriticalPreemption.plan(for: critical, among: [Self.guaranteed, Self.small, Self.large], Self.roomy) == expected)
    }

    @Test(arguments: [(Int32(2_000_000_000), false), (2_000_000_001, true)])
    func `a critical pod gives way only to a more important one`(priority: Int32, gives: Bool) {
        let there = Self.pod("there", ["cpu": "2"], priority: 2_000_000_000)
        let plan = CriticalPreemption.plan(for: Self.pod("p", ["cpu": "1"], priority: priority), among: [there], Self.roomy)
        #expect((plan == .preempt(["there"])) == gives)
    }

    @Test func `a critical pod takes the place of another, which ends with a reason`() async throws {
        var setup = SimulationSetup()
        setup.configure = { configuration in
            configuration.node.milliCPU = 1_000
            configuration.node.reserve(.nothing)
        }
        try await simulate([Self.large], setup) { node in
            try await node.sleep(until: 5)
            #expect(node.status("large").phase == "Running")
            node.kubelet.addPods([Self.pod("critical", ["cpu": "500m"], priority: 2_000_000_000)])
            try await node.sleep(until: 50)
            let status = node.status("large")
            #expect("\(status.phase ?? "") \(status.reason ?? "")" == "Failed Preempting")
            #expect(status.message == "Preempted in order to admit critical pod")
            #expect(status.conditions.contains { $0.type == "DisruptionTarget" && $0.reason == "TerminationByKubelet" })
            #expect(node.status("critical").phase == "Running")
            #expect(node.recorder.texts.contains("Preempting: Preempted in order to admit critical pod"))
        }
    }
}
