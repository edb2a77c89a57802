internal import KubernetesAPI
internal import KubernetesClient

/// How many volumes of a CSI driver a node can have attached.
package struct NodeVolumeLimits: FilterPlugin {
    package let name = "NodeVolumeLimits"
    package var interests: ClusterChange.Kinds { [.nodes, .podRemoved, .volumes] }
    package init() {}

    package func preFilter(_ pod: PodInfo, _ cluster: ClusterSnapshot) -> PreFilterResult {
        guard !pod.claims.isEmpty, !cluster.volumes.csiNodes.isEmpty else { return .skip }
        let wanted = Self.attachments(of: pod, cluster.volumes)
        return wanted.isEmpty ? .skip : .check(Filter(wanted: wanted))
    }

    private struct Attachment: Hashable {
        var driver: String
        /// A claim without a volume stands for one that will be made.
        var handle: String
    }

    private static func attachments(of pod: PodInfo, _ volumes: VolumeState) -> Set<Attachment> {
        var found: Set<Attachment> = []
        for use in pod.claims {
            let key = ObjectKey(namespace: pod.key.namespace, name: use.name)
            guard let claim = volumes.claims[key] else { continue }
            if let volume = claim.spec.volumeName.flatMap({ volumes.volumes[$0] }) {
                if let source = volume.volume.spec.csi { found.insert(Attachment(driver: source.driver, handle: source.volumeHandle)) }
            } else if let storageClass = claim.spec.storageClassName.flatMap({ volumes.classes[$0] }) {
                found.insert(Attachment(driver: storageClass.provisioner, handle: "\(key)"))
            }
        }
        return found
    }

    private struct Filter: NodeFilter {
        let wanted: Set<Attachment>

        func refusal(on slot: Int, _ cluster: ClusterSnapshot) -> Refusal? {
            excess(on: slot, cluster) == nil ? nil : .unschedulable("node(s) exceed max volume count")
        }
        func detail(on slot: Int, _ cluster: ClusterSnapshot) -> String? {
            excess(on: slot, cluster).map { "driver \($0.driver): \($0.attached) attached, \($0.added) more, at most \($0.limit)" }
        }
        private func excess(
            on slot: Int, _ cluster: ClusterSnapshot
        ) -> (driver: String, attached: Int, added: Int, limit: Int)? {
            guard let node = cluster.nodes[slot], let drivers = cluster.volumes.csiNodes[node.name]?.spec.drivers else { return nil }
            var attached: Set<Attachment>?
            for driver in drivers {
                guard let limit = driver.allocatable?.count, wanted.contains(where: { $0.driver == driver.name }) else { continue }
                let present = attached ?? present(on: slot, cluster)
                attached = present
                let count = present.count { $0.driver == driver.name }
                let added = wanted.count { $0.driver == driver.name && !present.contains($0) }
                if added > 0, count + added > Int(limit) { return (driver.name, count, added, Int(limit)) }
            }
            return nil
        }
        private func present(on slot: Int, _ cluster: ClusterSnapshot) -> Set<Attachment> {
            cluster.pods[slot].reduce(into: []) { set, pod in
                if !pod.claims.isEmpty { set.formUnion(NodeVolumeLimits.attachments(of: pod, cluster.volumes)) }
            }
        }
    }

    package func mayHelp(_ change: ClusterChange, _ pod: PodInfo, _ cluster: ClusterSnapshot) -> Bool {
        switch change {
        case .nodeAdded: true
        case .podRemoved(let gone): !gone.claims.isEmpty
        case .volumes(.nodeLimitsChanged): true
        case .volumes(.claimChanged(let key)): pod.claims.contains { "\(pod.key.namespace)/\($0.name)" == key }
        default: false
        }
    }
}
