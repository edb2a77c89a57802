import APIMachinery
import KubernetesAPI
import KubernetesClient
import Scheduler

/// Nodes and pods to be scheduled, as upstream's scheduler_perf makes them.
enum BenchCluster {
    static let zoneCount = 10

    static func node(_ index: Int) -> Node {
        Node {
            $0.metadata.name = "node-\(index)"
            $0.metadata.labels = [
                "kubernetes.io/hostname": "node-\(index)", "topology.kubernetes.io/zone": "zone-\(index % zoneCount)",
                "kubernetes.io/os": "linux",
            ]
            let amounts = ["cpu": Quantity(32), "memory": Quantity(64 << 30), "pods": Quantity(110)]
            $0.status.capacity = amounts
            $0.status.allocatable = amounts
        }
    }

    enum Kind: String, CaseIterable {
        /// 100m and 500 MB each.
        case plain
        /// A hundred applications, of which two pods never share a host.
        case antiAffinity = "required anti-affinity"
        /// Ten applications, spread over zones with a skew of 1 (hard) and over hosts (soft).
        case spread
    }

    static func pod(_ index: Int, _ kind: Kind) -> Pod {
        Pod {
            $0.metadata.name = "pod-\(index)"
            $0.metadata.namespace = "default"
            $0.metadata.uid = "00000000-0000-0000-0000-\(String(1_000_000_000_000 + index).dropFirst())"
            $0.spec.schedulerName = "default-scheduler"
            $0.spec.containers = [
                Container {
                    $0.name = "pause"
                    $0.image = "registry.k8s.io/pause:3.10"
                    $0.resources.requests = ["cpu": Quantity(milliValue: 100), "memory": Quantity(500_000_000)]
                }
            ]
            constrain(&$0, index, kind)
        }
    }

    private static func constrain(_ pod: inout Pod, _ index: Int, _ kind: Kind) {
        switch kind {
        case .plain: break
        case .antiAffinity:
            let labels = ["app": "app-\(index % 100)"]
            pod.metadata.labels = labels
            pod.spec.affinity = Affinity {
                $0.podAntiAffinity = PodAntiAffinity {
                    $0.requiredDuringSchedulingIgnoredDuringExecution = [
                        PodAffinityTerm {
                            $0.labelSelector = LabelSelector { $0.matchLabels = labels }
                            $0.topologyKey = "kubernetes.io/hostname"
                        }
                    ]
                }
            }
        case .spread:
            let labels = ["app": "app-\(index % 10)"]
            pod.metadata.labels = labels
            pod.spec.topologySpreadConstraints = [
                constraint(1, "topology.kubernetes.io/zone", "DoNotSchedule", labels),
                constraint(3, "kubernetes.io/hostname", "ScheduleAnyway", labels),
            ]
        }
    }

    private static func constraint(_ maxSkew: Int32, _ key: String, _ action: String, _ labels: [String: String])
        -> TopologySpreadConstraint
    {
        TopologySpreadConstraint {
            $0.maxSkew = maxSkew
            $0.topologyKey = key
            $0.whenUnsatisfiable = action
            $0.labelSelector = LabelSelector { $0.matchLabels = labels }
        }
    }
}
