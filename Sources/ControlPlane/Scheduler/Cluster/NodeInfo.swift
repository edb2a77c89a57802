internal import APIMachinery
package import KubernetesAPI

/// What a decision needs to know of a node itself; what its pods take is in `NodeUsage`.
package final class NodeInfo: Sendable {
    package let name: String
    package let node: Node
    package let labels: [String: String]
    package let isUnschedulable: Bool
    /// Taints that keep pods away: NoSchedule and NoExecute.
    package let hardTaints: [Taint]
    /// Taints that pods would rather avoid: PreferNoSchedule.
    package let softTaints: [Taint]
    package let allocatable: ResourceAmounts
    package let allocatablePods: Int64
    /// Sizes in bytes by each name of each image.
    package let imageSizes: [String: Int64]
    /// Region and zone; nodes are visited in turns over the zones.
    package let zone: String

    package init(_ node: Node) {
        name = node.metadata.name ?? ""
        self.node = node
        labels = node.metadata.labels
        isUnschedulable = node.spec.unschedulable == true
        hardTaints = node.spec.taints.filter { $0.effect == "NoSchedule" || $0.effect == "NoExecute" }
        softTaints = node.spec.taints.filter { $0.effect == "PreferNoSchedule" }
        allocatable = ResourceAmounts(node.status.allocatable)
        allocatablePods = node.status.allocatable["pods"]?.value ?? 0
        imageSizes = node.status.images.reduce(into: [:]) { sizes, image in
            for name in image.names { sizes[name] = image.sizeBytes ?? 0 }
        }
        let region = labels["topology.kubernetes.io/region"] ?? labels["failure-domain.beta.kubernetes.io/region"] ?? ""
        let zone = labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"] ?? ""
        self.zone = region.isEmpty && zone.isEmpty ? "" : "\(region):\u{0}:\(zone)"
    }
}
