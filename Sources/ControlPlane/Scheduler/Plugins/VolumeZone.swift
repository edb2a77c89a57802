internal import KubernetesAPI
internal import KubernetesClient

/// Volumes with the label of a zone or region are reached from nodes with the same label only.
package struct VolumeZone: FilterPlugin {
    package let name = "VolumeZone"
    package var interests: ClusterChange.Kinds { [.nodes, .volumes] }
    package init() {}

    /// The labels of old and their present names.
    static let labels = [
        "topology.kubernetes.io/zone": "topology.kubernetes.io/zone", "topology.kubernetes.io/region": "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    ]

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        var demands: [Demand] = []
        for use in pod.claims {
            let key = ObjectKey(namespace: pod.key.namespace, name: use.name)
            guard let name = cluster.volumes.claims[key]?.spec.volumeName, let volume = cluster.volumes.volumes[name] else { continue }
            for (label, value) in volume.volume.metadata.labels where Self.labels[label] != nil {
                let values = value.split(separator: "_", omittingEmptySubsequences: true).map { "\($0)" }
                demands.append(Demand(volume: name, label: label, values: Set(values)))
            }
        }
        return demands.isEmpty ? .skip : .check(Filter(demands: demands))
    }

    private struct Demand {
        var volume: String
        var label: String
        /// A volume of several zones names them joined by `__`.
        var values: Set<String>
    }

    private struct Filter: NodeFilter {
        let demands: [Demand]

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            unmet(on: slot, cluster) == nil ? nil : .unresolvable("node(s) had no available volume zone")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            unmet(on: slot, cluster).map { "volume \($0.volume) is in \($0.label)=\($0.values.sorted().joined(separator: ","))" }
        }
        /// A node without any such label is of a cluster without zones.
        private func unmet(on slot: Int, _ cluster: ClusterSnapshot) -> Demand? {
            guard let node = cluster.nodes[slot], VolumeZone.labels.keys.contains(where: { node.labels[$0] != nil }) else { return nil }
            return demands.first { demand in
                let value = node.labels[demand.label] ?? node.labels[VolumeZone.labels[demand.label] ?? ""]
                return value.map { !demand.values.contains($0) } ?? true
            }
        }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded: true
        case .nodeUpdated(let old, let new): old.labels != new.labels
        case .volumes(.claimChanged(let key)): pod.claims.contains { "\(pod.key.namespace)/\($0.name)" == key }
        case .volumes: true
        default: false
        }
    }
}
