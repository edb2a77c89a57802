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
