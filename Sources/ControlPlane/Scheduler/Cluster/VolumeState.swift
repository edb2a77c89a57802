internal import APIMachinery
package import KubernetesAPI
package import KubernetesClient

/// What is known of volumes and claims, with what was just decided about them and is not written yet.
package struct VolumeState: Sendable {
    package private(set) var claims: [ObjectKey: PersistentVolumeClaim] = [:]
    package var classes: [String: StorageClass] = [:]
    package var csiNodes: [String: CSINode] = [:]
    package private(set) var volumes: [String: VolumeInfo] = [:]
    /// Volumes by class, the smallest first.
    private var byClass: [String: [VolumeInfo]] = [:]
    /// Volumes that were chosen for a claim; and nodes that were chosen for claims whose volume is to be made.
    private var chosenVolumes: [String: ObjectKey] = [:]
    private var chosenNodes: [ObjectKey: String] = [:]

    package init() {}

    /// - Parameter claim: nil when it is gone.
    package mutating func setClaim(_ key: ObjectKey, _ claim: PersistentVolumeClaim?) {
        claims[key] = claim
        if claim?.isBound ?? true { chosenNodes[key] = nil }
    }

    package mutating func setVolume(_ volume: VolumeInfo) {
        removeVolume(volume.name)
        volumes[volume.name] = volume
        var list = byClass[volume.className] ?? []
        let index = list.firstIndex { ($0.capacityBytes, $0.name) > (volume.capacityBytes, volume.name) } ?? list.count
        list.insert(volume, at: index)
        byClass[volume.className] = list
        if volume.volume.spec.claimRef != nil { chosenVolumes[volume.name] = nil }
    }

    package mutating func removeVolume(_ name: String) {
        guard let old = volumes.removeValue(forKey: name) else { return }
        byClass[old.className]?.removeAll { $0.name == name }
    }

    package func volumes(of className: String) -> [VolumeInfo] { byClass[className] ?? [] }

    /// Whom a volume is for: what it says, or what was just decided.
    func claim(of volume: VolumeInfo) -> ObjectKey? { chosenVolumes[volume.name] ?? volume.claim }

    /// The node for which a claim's volume is made, or is to be made.
    func selectedNode(of claim: ObjectKey) -> String? {
        chosenNodes[claim] ?? claims[claim]?.metadata.annotations[VolumeNames.selectedNode]
    }

    mutating func choose(_ choice: VolumeChoice, on node: String) {
        for (claim, volume) in choice.matched { chosenVolumes[volume.name] = claim }
        for claim in choice.provisioned { chosenNodes[claim] = node }
    }

    mutating func forget(_ choice: VolumeChoice) {
        for (claim, volume) in choice.matched where chosenVolumes[volume.name] == claim { chosenVolumes[volume.name] = nil }
        for claim in choice.provisioned { chosenNodes[claim] = nil }
    }

    func bindsLate(_ claim: PersistentVolumeClaim) -> Bool {
        claim.spec.storageClassName.flatMap { classes[$0] }?.volumeBindingMode == "WaitForFirstConsumer"
    }
}

/// A persistent volume with what is worked out of it once.
package final class VolumeInfo: Sendable {
    package let name: String
    package let volume: PersistentVolume
    package let className: String
    package let capacityBytes: Int64
    package let claim: ObjectKey?
    package let nodeTerms: NodeTerms?

    package init(_ volume: PersistentVolume) {
        name = volume.metadata.name ?? ""
        self.volume = volume
        className = volume.spec.storageClassName ?? ""
        capacityBytes = volume.spec.capacity["storage"]?.value ?? 0
        claim = volume.spec.claimRef.map { ObjectKey(namespace: $0.namespace ?? "", name: $0.name ?? "") }
        nodeTerms = volume.spec.nodeAffinity?.required.map { NodeTerms($0) }
    }

    func isReachable(from node: NodeInfo) -> Bool { nodeTerms?.matches(node) ?? true }
}

/// What would be done about a pod's claims on one node.
struct VolumeChoice: Sendable {
    var matched: [(claim: ObjectKey, volume: VolumeInfo)] = []
    /// Claims whose volume is to be made for the node.
    var provisioned: [ObjectKey] = []
}

enum VolumeNames {
    static let selectedNode = "volume.kubernetes.io/selected-node"
    static let bindCompleted = "pv.kubernetes.io/bind-completed"
    static let boundByController = "pv.kubernetes.io/bound-by-controller"
    static let noProvisioner = "kubernetes.io/no-provisioner"
}

extension PersistentVolumeClaim {
    var isBound: Bool { spec.volumeName != nil && metadata.annotations[VolumeNames.bindCompleted] != nil }
}
