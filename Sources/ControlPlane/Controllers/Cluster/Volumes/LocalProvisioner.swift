internal import APIMachinery
internal import KubernetesAPI

/// Makes volumes that are directories of a node.
enum LocalProvisioner {
    static let name = "swiftlet.dev/local"
    /// A StorageClass may name another directory for its volumes.
    private static let pathParameter = "path"

    /// The volume for a claim, bound to it beforehand. The node's agent makes the directory when a pod first uses it.
    ///
    /// - Parameters:
    ///   - root: The directory that holds the volumes' ones, unless the class names another.
    static func volume(for claim: PersistentVolumeClaim, _ storageClass: StorageClass, node: Node, root: String) -> PersistentVolume {
        let name = "pvc-\(claim.metadata.uid ?? "")"
        let folder = "\(name)_\(claim.metadata.namespace ?? "")_\(claim.metadata.name ?? "")"
        return PersistentVolume {
            $0.metadata.name = name
            $0.metadata.annotations = [
                VolumeAnnotations.provisionedBy: Self.name, VolumeAnnotations.boundByController: "yes",
                VolumeAnnotations.selectedNode: node.metadata.name ?? "",
            ]
            $0.spec.capacity = ["storage": claim.requestedSize]
            $0.spec.accessModes = claim.spec.accessModes
            $0.spec.volumeMode = claim.spec.volumeMode
            $0.spec.storageClassName = storageClass.metadata.name
            $0.spec.mountOptions = storageClass.mountOptions
            $0.spec.persistentVolumeReclaimPolicy = storageClass.reclaimPolicy ?? "Delete"
            $0.spec.claimRef = claim.reference
            $0.spec.hostPath = HostPathVolumeSource {
                $0.path = "\(storageClass.parameters[pathParameter] ?? root)/\(folder)"
                $0.type = "DirectoryOrCreate"
            }
            $0.spec.nodeAffinity = affinity(to: node)
        }
    }

    /// Why this claim can't be served; nil when it can.
    static func problem(with claim: PersistentVolumeClaim) -> String? {
        if claim.spec.volumeMode == "Block" { return "\(name) makes directories, no block devices" }
        let modes = claim.spec.accessModes.filter { !["ReadWriteOnce", "ReadWriteOncePod"].contains($0) }
        if let mode = modes.first { return "\(name) makes volumes for one node, so that \(mode) can't be had" }
        if claim.spec.dataSource != nil || claim.spec.dataSourceRef != nil { return "\(name) can't fill volumes from a data source" }
        return nil
    }

    private static func affinity(to node: Node) -> VolumeNodeAffinity {
        VolumeNodeAffinity {
            $0.required = NodeSelector {
                $0.nodeSelectorTerms = [
                    NodeSelectorTerm {
                        $0.matchExpressions = [
                            NodeSelectorRequirement {
                                $0.key = "kubernetes.io/hostname"
                                $0.operator = "In"
                                $0.values = [node.metadata.labels["kubernetes.io/hostname"] ?? node.metadata.name ?? ""]
                            }
                        ]
                    }
                ]
            }
        }
    }
}

extension PersistentVolumeClaim {
    /// As a volume names its claim.
    var reference: ObjectReference {
        ObjectReference {
            $0.apiVersion = "v1"
            $0.kind = "PersistentVolumeClaim"
            $0.namespace = metadata.namespace
            $0.name = metadata.name
            $0.uid = metadata.uid
        }
    }
}
