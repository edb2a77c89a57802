package import KubernetesAPI

/// The object by which the API server shows a static pod: a copy that nobody can change, and whose deletion ends nothing.
package enum MirrorPod {
    static let annotation = "kubernetes.io/config.mirror"

    package static func isOne(_ pod: Pod) -> Bool { pod.metadata.annotations[annotation] != nil }

    /// Whether the mirror shows this very version of the static pod.
    package static func isOf(_ pod: Pod, _ mirror: Pod) -> Bool {
        mirror.metadata.annotations[annotation] == pod.metadata.annotations[StaticPodIdentity.hashAnnotation]
    }

    package enum Step: Hashable, Sendable { case create, delete(uid: String), nothing }

    /// What to do next. After a deletion it is asked again.
    ///
    /// - Parameters:
    ///   - pod: The static pod; nil: there is none of the name any more.
    ///   - mayDelete: All manifests have been read.
    package static func step(_ pod: Pod?, mirror: Pod?, mayDelete: Bool) -> Step {
        guard let pod else { return mirror.flatMap { mayDelete ? .delete(uid: $0.uid) : nil } ?? .nothing }
        guard let mirror else { return pod.isDeleted ? .nothing : .create }
        return mirror.isDeleted || !isOf(pod, mirror) ? .delete(uid: mirror.uid) : .nothing
    }

    /// - Parameter node: Owns it, so that it goes with the node.
    package static func object(of pod: Pod, node: Node) -> Pod {
        Pod { mirror in
            mirror.metadata.name = pod.name
            mirror.metadata.namespace = pod.namespace
            mirror.metadata.labels = pod.metadata.labels
            mirror.metadata.annotations = pod.metadata.annotations
            mirror.metadata.annotations[annotation] = pod.metadata.annotations[StaticPodIdentity.hashAnnotation]
            mirror.metadata.ownerReferences = [
                OwnerReference {
                    $0.apiVersion = "v1"
                    $0.kind = "Node"
                    $0.name = node.metadata.name ?? ""
                    $0.uid = node.metadata.uid ?? ""
                    $0.controller = true
                }
            ]
            mirror.spec = pod.spec
            mirror.status.phase = PodPhase.pending.rawValue
        }
    }
}
